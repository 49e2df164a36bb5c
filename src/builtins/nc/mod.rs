//! `nc`: connections and datagrams by hand, with the letters, messages and statuses of netcat-openbsd (nc(1)), and handlers that are
//! functions of the shell.
//!
//! [`request`] is what the command line asks for; [`client`] and [`server`] do it with the library in [`crate::ipc::socket`].

mod client;
mod datagram;
mod exec;
mod options;
mod peers;
mod request;
mod server;
mod talk;

use crate::builtins::{Builtin, BuiltinResult, Kind, message};
use crate::exec::stages;
use crate::fields::Fields;
use crate::ipc::wait::Cut;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus, Failure, reason};
use crate::sys::resolve::Unresolved;
use nix::errno::Errno;

/// `nc`
pub const BUILTIN: Builtin = Builtin {
    name: "nc",
    kind: Kind::Regular,
    usage: "nc [-46bCDdFhkNnruUvz] [-I length] [-i interval] [-O length] [-p port] [-q seconds] [-s address] [-W count] [-w timeout] host port...\n\
            nc -l [-k] [--exec command [--max n]] [...] [address] port\n\
            nc -U [-l] [-u | --seqpacket] [...] path",
    about: "Connect to HOST PORT, or listen (-l): standard input goes to the socket, the socket to standard output.\n\
            -4 -6  IPv4 or IPv6 only\n-b  allow broadcast\n-C  send CRLF for each line feed that has no CR\n-D  SO_DEBUG\n\
            -d  do not read standard input\n-F  pass the connected socket over standard output, which is a UNIX socket\n\
            -I N, -O N  size of the receive and send buffer\n-i SEC  pause between lines (datagrams: a line is one), and between ports\n\
            -k  with -l: go on listening\n-l  listen (on the loopback interface, unless an address is given)\n\
            -N  shut down the writing side at the end of input (always done)\n-n  numeric addresses only\n-p PORT  own port\n\
            -q SEC  quit SEC after the end of input\n-r  ports in random order\n-s ADDR  own address\n-U  UNIX sockets (@name: abstract)\n\
            -u  UDP, or UNIX datagrams\n-v  say what happens\n-W N  end after N datagrams or pieces\n\
            -w SEC  give up connecting, or an idle connection, after SEC; with --exec the time for one handler\n-z  only see who listens\n\
            A connection that is refused or breaks is told and is status 1, without -v too (but for -z). nc ends when both sides have said all,\n\
            or the other one has closed both directions.\n\
            -e, --exec COMMAND  serve the connection with a command on descriptors 0 and 1: in this shell, with -k or -u each in a process of its own;\n\
            \u{20}           not with -C, -F, -z, --hex. NC_REMOTE_ADDR NC_REMOTE_PORT NC_LOCAL_ADDR NC_LOCAL_PORT NC_PROTO are set; of a UNIX\n\
            \u{20}           socket the ADDRs are paths, empty for one without a name, and the PORTs empty. With -l -u each peer has a handler, which\n\
            \u{20}           reads its datagrams as a stream (--framed keeps them apart), to the end after -W of them or -w SEC of silence, and each\n\
            \u{20}           of its writes is one. -d -i -q are about standard input, and mean nothing here\n\
            --max N  with -k --exec: at most N handlers at a time\n\
            --fd VAR  leave the connection open in the shell, its number in VAR; not with -k, -z, --exec. The file of a UNIX datagram socket\n\
            \u{20}         stays then, until rm\n\
            --port VAR  with -l: the port listened on (not UNIX). As with --fd and --exec, what a job in the background or a pipeline sets\n\
            \u{20}           is not set here: there use -v\n\
            --seqpacket  UNIX sockets that keep records\n\
            --framed=line|nul|len  keep the boundaries of datagrams and records visible: a newline or a NUL behind each, or before each its length\n\
            \u{20}           in four bytes, the highest first. A newline in a message looks like the end of one: nul is for text, len for all\n\
            --hex  dump what passes; not with --framed\n\
            At a prompt nc is a job: ^Z stops it, and fg and bg go on. With --fd, --port, or --exec without -k it is a part of the shell,\n\
            and ^Z does nothing.\n\
            Without a command, in redirections: /dev/tcp/HOST/PORT and /dev/udp/HOST/PORT connect (exec 3<>/dev/tcp/localhost/80).",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let request = match options::parse(fields) {
        Ok(options::Parsed::Request(request)) => request,
        Ok(options::Parsed::Help) => {
            let text = format!("usage: {}\n{}\n", BUILTIN.usage.replace('\n', "\n       "), BUILTIN.about);
            shell.io.write(text.as_bytes())?;
            return Ok(ExitStatus::SUCCESS);
        }
        Err(error) => {
            shell.report(&error.within("nc"));
            let usage = BUILTIN.usage.lines().next().unwrap_or_default();
            shell.io.write_error(format!("usage: {usage}\n").as_bytes());
            return Ok(ExitStatus::FAILURE);
        }
    };
    // Before a peer is there, who would be cut off.
    for variable in request.fd_name.iter().chain(&request.port_name) {
        message::check_writable(shell, variable)?;
    }
    if shell.has_job_control() && !request.concerns_shell() {
        return Ok(stages::builtin_job(shell, &BUILTIN, fields)?);
    }
    if request.listen { server::run(shell, &request) } else { client::run(shell, &request) }
}

/// `tried: words (SYMBOL)`: netcat's words, and the symbol to look up.
fn system(tried: impl AsRef<[u8]>, errno: Errno) -> Error {
    let mut text = tried.as_ref().to_vec();
    text.extend_from_slice(format!(": {} ({errno:?})", reason(errno)).as_bytes());
    Error::new(text)
}

/// The same for a name.
fn unresolved(tried: String, why: &Unresolved) -> Error {
    Error::new(format!("{tried}: {} ({})", why.words, why.symbol))
}

/// What a wait that was cut short means for the command.
fn cut(cut: Cut, tried: impl AsRef<[u8]>) -> Stopped {
    match cut {
        Cut::Signal(signal) => Stopped::signal(signal),
        Cut::Timeout => Stopped::Failed(system(tried, Errno::ETIMEDOUT).into()),
        Cut::Failed(errno) => Stopped::Failed(system(tried, errno).into()),
    }
}

/// Why a part of the command did not go on: a signal's status, which is not an error to report, or a failure.
enum Stopped {
    Status(ExitStatus),
    Failed(Failure),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Failed(error.into())
    }
}

impl Stopped {
    fn signal(signal: i32) -> Self {
        Self::Status(ExitStatus::from_signal(signal))
    }

    fn into_result(self) -> BuiltinResult {
        match self {
            Self::Status(status) => Ok(status),
            Self::Failed(failure) => Err(failure),
        }
    }
}
