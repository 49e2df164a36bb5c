//! The server's side: one loop over all listeners and connections; a service answers call after call.
//!
//! A client may send half a call and fall silent, announce four gigabytes, or read no answer: none of it may stop the others. So nothing here
//! blocks but the wait for all of them together, and a client that does not read its answers gets no further calls read.
//!
//! Calls of datagrams can come twice, because the client heard nothing and sent again. What then happens is the [`Semantics`].

use crate::ipc::rpc::client::Transport;
use crate::ipc::rpc::fault::Faults;
use crate::ipc::rpc::onc::{self, Call, NoCall, Reply, Target, record};
use crate::ipc::socket::Listener;
use crate::ipc::watch::{Cut, Watch};
use crate::sys::poll::{self, Interest};
use crate::sys::socket::{self as call, Name};
use nix::errno::Errno;
use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsRawFd, OwnedFd};

/// What a server does with a call that it has already executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Semantics {
    /// Executes it again.
    AtLeastOnce,
    /// Answers it from the reply cache.
    AtMostOnce,
}

/// How many replies the cache keeps.
const CACHE: usize = 8192;
/// How many bytes are read from one connection before the others have their turn.
const CHUNK: usize = 64 << 10;

/// What has happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls that arrived.
    pub calls: u64,
    /// Calls that were executed.
    pub executed: u64,
    /// Calls that were answered from the cache.
    pub cached: u64,
    /// Calls and replies that were lost on purpose.
    pub lost: u64,
}

/// Answers calls.
pub trait Service {
    /// Answer one. It may take its time: nobody else is served meanwhile.
    fn answer(&mut self, call: &Call<'_>, peer: &Name) -> Reply;
}

/// Who has called what: a second message with all of it the same is the same call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct CallId {
    xid: u32,
    target: Target,
    peer: String,
}

/// Decides what is executed, and remembers replies.
#[derive(Debug)]
pub struct Dispatcher {
    /// What happens with repeated calls.
    pub semantics: Semantics,
    /// What the network does to messages.
    pub faults: Faults,
    /// What has happened so far.
    pub counts: Counts,
    cache: HashMap<CallId, Reply>,
    order: VecDeque<CallId>,
}

impl Dispatcher {
    /// With an empty cache.
    pub fn new(semantics: Semantics, faults: Faults) -> Self {
        Self { semantics, faults, counts: Counts::default(), cache: HashMap::new(), order: VecDeque::new() }
    }

    /// Answer a message: append the replies to `out`, each with room for a record's mark if `stream`. False: the message is none, and a connection that
    /// sends such is of no use.
    fn message(
        &mut self,
        message: &[u8],
        peer: &Name,
        service: &mut dyn Service,
        stream: bool,
        out: &mut Vec<Vec<u8>>,
    ) -> bool {
        let call = match onc::parse_call(message) {
            Ok(call) => call,
            Err(NoCall::OtherVersion(xid)) => {
                out.push(reply(xid, &Reply::RpcMismatch(2, 2), stream));
                return true;
            }
            Err(NoCall::Garbage) => return false,
        };
        if self.faults.happens(self.faults.drop_request) {
            self.counts.lost += 1;
            return true;
        }
        let times = if self.faults.happens(self.faults.duplicate) { 2 } else { 1 };
        for _ in 0..times {
            self.counts.calls += 1;
            let answer = self.execute(&call, peer, service);
            if self.faults.happens(self.faults.drop_reply) {
                self.counts.lost += 1;
            } else {
                out.push(reply(call.xid, &answer, stream));
            }
        }
        true
    }

    fn execute(&mut self, call: &Call<'_>, peer: &Name, service: &mut dyn Service) -> Reply {
        if self.semantics == Semantics::AtLeastOnce {
            self.counts.executed += 1;
            return service.answer(call, peer);
        }
        let peer_text = String::from_utf8_lossy(&crate::ipc::socket::name::text(peer)).into_owned();
        let id = CallId { xid: call.xid, target: call.target, peer: peer_text };
        if let Some(reply) = self.cache.get(&id) {
            self.counts.cached += 1;
            return reply.clone();
        }
        self.counts.executed += 1;
        let reply = service.answer(call, peer);
        if self.order.len() >= CACHE
            && let Some(oldest) = self.order.pop_front()
        {
            self.cache.remove(&oldest);
        }
        self.order.push_back(id.clone());
        self.cache.insert(id, reply.clone());
        reply
    }
}

fn reply(xid: u32, reply: &Reply, stream: bool) -> Vec<u8> {
    let mut out = Vec::new();
    if stream {
        record::begin(&mut out);
    }
    onc::put_reply(&mut out, xid, reply);
    if stream {
        record::finish(&mut out, 0);
    }
    out
}

/// A client on a stream.
#[derive(Debug)]
struct Client {
    socket: OwnedFd,
    peer: Name,
    assembler: record::Assembler,
    output: Vec<u8>,
}

/// A server.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<(Transport, Listener)>,
    clients: Vec<Client>,
    /// Whether there are no descriptors for more clients.
    is_full: bool,
    input: Vec<u8>,
}

impl Server {
    /// On these sockets, which do not block.
    pub fn new(listeners: Vec<(Transport, Listener)>) -> Self {
        Self { listeners, clients: Vec::new(), is_full: false, input: vec![0; CHUNK] }
    }

    /// Close all descriptors and leave the socket files alone: for a forked child.
    pub fn close_in_child(self) {
        self.listeners.into_iter().for_each(|(_, listener)| listener.close_in_child());
    }

    /// Serve until the dispatcher has answered `most` calls, or a signal comes. The watch is given up while the service works, so that
    /// the service's own commands meet signals as always.
    ///
    /// # Errors
    /// The signal.
    pub fn run(
        &mut self,
        dispatcher: &mut Dispatcher,
        service: &mut dyn Service,
        most: Option<u64>,
    ) -> Result<(), Cut> {
        let mut ready: Vec<Interest> = Vec::new();
        while most.is_none_or(|most| dispatcher.counts.calls < most) {
            ready.clear();
            let accepts = if self.is_full { 0 } else { libc::POLLIN };
            ready.extend(self.listeners.iter().map(|(transport, listener)| {
                let events = if *transport == Transport::Udp { libc::POLLIN } else { accepts };
                poll::interest(listener.socket.as_raw_fd(), events)
            }));
            ready.extend(self.clients.iter().map(|client| {
                let events = if client.output.is_empty() { libc::POLLIN } else { libc::POLLOUT };
                poll::interest(client.socket.as_raw_fd(), events)
            }));
            let watch = Watch::begin();
            watch.wait(&mut ready, None)?;
            drop(watch);
            let first = self.listeners.len();
            // From the last one on, so that a client that is removed moves no one that is still to be looked at.
            for index in (0..self.clients.len()).rev() {
                if ready[first + index].revents != 0 && !self.serve(index, dispatcher, service) {
                    self.clients.swap_remove(index);
                    self.is_full = false;
                }
            }
            for (index, listener) in ready[..first].iter().enumerate() {
                if listener.revents != 0 {
                    self.listen(index, dispatcher, service);
                }
            }
        }
        self.flush();
        Ok(())
    }

    /// Something has come at a listener: a connection, or a datagram.
    fn listen(&mut self, index: usize, dispatcher: &mut Dispatcher, service: &mut dyn Service) {
        let (transport, listener) = &self.listeners[index];
        let fd = listener.socket.as_raw_fd();
        if *transport != Transport::Udp {
            match call::accept(fd) {
                Ok((socket, peer)) => {
                    let socket = crate::sys::fd::make_private(socket);
                    if let Ok(socket) = socket
                        && call::set_nonblocking(socket.as_raw_fd(), true).is_ok()
                    {
                        let _ = call::set_option(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_NODELAY, 1);
                        let assembler = record::Assembler::default();
                        self.clients.push(Client { socket, peer, assembler, output: Vec::new() });
                    }
                }
                // They wait in the kernel's queue until somebody leaves.
                Err(Errno::EMFILE | Errno::ENFILE) => self.is_full = true,
                Err(_) => {}
            }
            return;
        }
        if let Ok((got, peer)) = call::receive(fd, &mut self.input, false, 0) {
            let message = self.input[..got.min(CHUNK)].to_vec();
            let mut replies = Vec::new();
            dispatcher.message(&message, &peer, service, false, &mut replies);
            for reply in replies {
                delay(&dispatcher.faults);
                // A datagram that cannot be sent is a datagram that is lost: the client asks again.
                let _ = call::send_to(fd, &reply, &peer, true);
            }
        }
    }

    /// A client has sent something or can take something; false when it is to be let go.
    fn serve(&mut self, index: usize, dispatcher: &mut Dispatcher, service: &mut dyn Service) -> bool {
        let client = &mut self.clients[index];
        if !client.output.is_empty() {
            return client.write();
        }
        let got = match call::receive(client.socket.as_raw_fd(), &mut self.input, false, 0) {
            Ok((0, _)) => return false,
            Ok((got, _)) => got,
            Err(Errno::EAGAIN | Errno::EINTR) => return true,
            Err(_) => return false,
        };
        client.assembler.push(&self.input[..got]);
        loop {
            match client.assembler.next_record() {
                Ok(Some(record)) => {
                    let mut replies = Vec::new();
                    if !dispatcher.message(&record, &client.peer, service, true, &mut replies) {
                        return false;
                    }
                    for reply in replies {
                        delay(&dispatcher.faults);
                        client.output.extend_from_slice(&reply);
                    }
                }
                Ok(None) => return client.write(),
                Err(record::TooLong) => return false,
            }
        }
    }

    /// Before the end: what can be sent at once is sent.
    fn flush(&mut self) {
        self.clients.iter_mut().for_each(|client| {
            client.write();
        });
    }
}

fn delay(faults: &Faults) {
    if !faults.delay.is_zero() {
        // A signal that comes meanwhile is seen by the next wait.
        let _ = Watch::begin().sleep(faults.delay);
    }
}

impl Client {
    /// Send what can be sent; false when the client has gone.
    fn write(&mut self) -> bool {
        while !self.output.is_empty() {
            match call::send(self.socket.as_raw_fd(), &self.output, false) {
                Ok(sent) => {
                    self.output.drain(..sent);
                }
                Err(Errno::EAGAIN) => return true,
                Err(Errno::EINTR) => {}
                Err(_) => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counter(u32);

    impl Service for Counter {
        fn answer(&mut self, _: &Call<'_>, _: &Name) -> Reply {
            self.0 += 1;
            Reply::Success(self.0.to_be_bytes().to_vec())
        }
    }

    fn three_times(semantics: Semantics, faults: Faults) -> (u32, Counts, usize) {
        let mut dispatcher = Dispatcher::new(semantics, faults);
        let mut service = Counter(0);
        let mut message = Vec::new();
        onc::put_call(&mut message, 9, Target { program: 1, version: 1, procedure: 1 }, (onc::AUTH_NONE, b""));
        let mut replies = Vec::new();
        for _ in 0..3 {
            assert!(dispatcher.message(&message, &Name::Unnamed, &mut service, false, &mut replies));
        }
        assert!(!dispatcher.message(&message[..8], &Name::Unnamed, &mut service, false, &mut replies));
        (service.0, dispatcher.counts, replies.len())
    }

    #[test]
    fn the_same_xid_three_times() {
        let (executed, counts, replies) = three_times(Semantics::AtLeastOnce, Faults::default());
        assert_eq!((executed, counts.cached, replies), (3, 0, 3));
        let (executed, counts, replies) = three_times(Semantics::AtMostOnce, Faults::default());
        assert_eq!((executed, counts.cached, replies), (1, 2, 3));
    }

    #[test]
    fn lost_and_doubled_messages() {
        let always = |share: fn(&mut Faults) -> &mut f64| {
            let mut faults = Faults::default();
            *share(&mut faults) = 1.0;
            faults
        };
        let (executed, _, replies) = three_times(Semantics::AtLeastOnce, always(|faults| &mut faults.drop_reply));
        assert_eq!((executed, replies), (3, 0));
        let (executed, _, replies) = three_times(Semantics::AtMostOnce, always(|faults| &mut faults.duplicate));
        assert_eq!((executed, replies), (1, 6));
        let (executed, counts, replies) = three_times(Semantics::AtMostOnce, always(|faults| &mut faults.drop_request));
        assert_eq!((executed, counts.lost, replies), (0, 3, 0));
    }
}
