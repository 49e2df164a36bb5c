//! What a call of `nc` asks for.

use crate::ipc::socket::Settings;
use crate::ipc::socket::frame::Framing;
use bstr::BString;
use std::ops::RangeInclusive;
use std::time::Duration;

/// The options and operands of a call.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// AF_INET (-4), AF_INET6 (-6), AF_UNIX (-U), else AF_UNSPEC (0).
    pub family: libc::c_int,
    /// SOCK_STREAM, SOCK_DGRAM (-u) or SOCK_SEQPACKET (--seqpacket).
    pub kind: libc::c_int,
    /// -l
    pub listen: bool,
    /// -k
    pub keep: bool,
    /// -z
    pub scan: bool,
    /// -r
    pub random: bool,
    /// -n
    pub numeric: bool,
    /// -v
    pub verbose: bool,
    /// -d
    pub no_input: bool,
    /// -C
    pub crlf: bool,
    /// -F
    pub pass: bool,
    /// --hex
    pub hex: bool,
    /// -i
    pub interval: Option<Duration>,
    /// -q; `None`: wait for the peer.
    pub quit: Option<Duration>,
    /// -w
    pub timeout: Option<Duration>,
    /// -W
    pub limit: Option<u64>,
    /// -b -D -I -O
    pub settings: Settings,
    /// -s
    pub source: Option<BString>,
    /// -p
    pub source_port: Option<BString>,
    /// --exec
    pub command: Option<BString>,
    /// --max
    pub most: Option<usize>,
    /// --fd
    pub fd_name: Option<BString>,
    /// --port
    pub port_name: Option<BString>,
    /// --framed
    pub framing: Option<Framing>,
    /// The host, or the path of a UNIX socket.
    pub host: BString,
    /// The ports; one when listening.
    pub ports: Vec<RangeInclusive<u16>>,
}

impl Request {
    /// Whether messages have boundaries.
    pub fn has_records(&self) -> bool {
        self.kind != libc::SOCK_STREAM
    }

    /// Whether it is about UNIX sockets.
    pub fn is_unix(&self) -> bool {
        self.family == libc::AF_UNIX
    }

    /// Whether it leaves something in the shell: a variable, or what the handler of a single connection does.
    pub fn concerns_shell(&self) -> bool {
        let handler_is_here = self.command.is_some() && !self.keep && self.kind != libc::SOCK_DGRAM;
        self.fd_name.is_some() || self.port_name.is_some() || handler_is_here
    }

    /// `tcp` or `udp`, for messages and NC_PROTO.
    pub fn protocol(&self) -> &'static str {
        match (self.is_unix(), self.kind) {
            (true, libc::SOCK_DGRAM) => "unix-dgram",
            (true, libc::SOCK_SEQPACKET) => "unix-seq",
            (true, _) => "unix",
            (false, libc::SOCK_DGRAM) => "udp",
            (false, _) => "tcp",
        }
    }
}
