//! The server's side: one loop over all listeners and connections; a service answers message after message.
//!
//! ```text
//! ppoll ----> listener:   accept, or a datagram: answer it
//!   ^   \---> connection: read -> put messages together -> answer each -> write
//!   |                                                                     |
//!   +---------------------------------------------------------------------+
//! ```
//! A client may send half a call and fall silent, announce four gigabytes, or read no answer: none of it may stop the others. So nothing here
//! blocks but the wait for all of them together; a client that does not read its answers gets no further calls read; when descriptors run
//! out, the client that was silent for the longest is let go; and when half messages and answers that nobody reads take too much memory, the one
//! who has held the most of it for the longest.
//!
//! A connection that the server ends is not simply closed: closing a TCP socket with unread data makes the kernel send a reset, which throws away
//! what the client has not read yet of its last answer. So the end is sent, and what still comes is read away for a while.

use crate::ipc::rpc::buffer::Buffer;
use crate::ipc::rpc::client::Transport;
use crate::ipc::rpc::frame::{Framing, Reader};
use crate::ipc::socket::Listener;
use crate::ipc::wait::{Cut, Guard};
use crate::sys::eager::Eager;
use crate::sys::limits::{Resource, getrlimit};
use crate::sys::poll::{self, Interest};
use crate::sys::socket::{self as call, Name};
use crate::sys::unshared::Unshared;
use nix::errno::Errno;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// How many bytes are read from one connection before the others have their turn; also room for any datagram.
const CHUNK: usize = 64 << 10;

/// How many bytes of answers may wait for one client before its next call is answered.
const MOST_OUTPUT: usize = 1 << 20;

/// How many bytes of half messages and unread answers may wait, of all clients together.
const MOST_WAITING: usize = 64 << 20;

/// How long a client is read after the end of its connection.
const LINGER: Duration = Duration::from_secs(2);

/// How long a server that is done waits for a client to read more of the last answers.
const LAST: Duration = Duration::from_secs(10);

/// How often a server may find something to do at once before it looks for signals: see [`Guard::check`].
const BUSY: u64 = 64;

/// How long a server rests when the system cannot let anybody in and no client can be let go for it.
const REST: Duration = Duration::from_millis(50);

/// Descriptors that are left for what the service does.
const SPARE: u64 = 64;

/// Answers messages.
pub trait Service {
    /// Answer one: append the replies. False: the message is none, and a connection that sends such is of no use.
    fn message(&mut self, message: &[u8], peer: &Name, replies: &mut Vec<Vec<u8>>) -> bool;

    /// A reply is too long for a datagram: what is sent instead.
    fn unsendable(&mut self, reply: &[u8]) -> Vec<u8>;

    /// Whether the server has nothing more to do.
    fn is_done(&self) -> bool;

    /// How late a reply is, on purpose.
    fn delay(&self) -> Duration;
}

/// A client on a stream.
#[derive(Debug)]
struct Client {
    socket: OwnedFd,
    _mark: Unshared,
    peer: Name,
    reader: Reader,
    output: Buffer,
    /// The turn of the server in which it was heard last.
    heard: u64,
    phase: Phase,
}

/// How far the conversation with a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Its calls are answered.
    Open,
    /// Nothing more is answered: the connection ends when `output` is sent.
    Closing,
    /// The end was sent. What still comes is read away until then.
    Ended(Instant),
    /// It is to be forgotten.
    Gone,
}

/// A server.
#[derive(Debug)]
pub struct Server {
    framing: Framing,
    listeners: Vec<(Transport, Listener)>,
    _marks: Vec<Unshared>,
    clients: Vec<Client>,
    /// How many clients there may be at a time.
    most: usize,
    /// How often the server has waited.
    turn: u64,
    /// How many connections there have been.
    accepted: u64,
    input: Vec<u8>,
    eager: Eager,
}

impl Server {
    /// On these sockets, which do not block.
    pub fn new(framing: Framing, listeners: Vec<(Transport, Listener)>) -> Self {
        let descriptors = getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, _)| soft);
        let most = usize::try_from(descriptors.saturating_sub(SPARE)).unwrap_or(usize::MAX).max(1);
        let _marks = listeners.iter().map(|(_, listener)| Unshared::mark(&listener.socket)).collect();
        let (input, eager) = (vec![0; CHUNK], Eager::default());
        Self { framing, listeners, _marks, clients: Vec::new(), most, turn: 0, accepted: 0, input, eager }
    }

    /// Serve until the service is done, or a signal comes, which is the error; the socket files are gone by then. The guard ([`Guard::for_sockets`]) is older
    /// than the listeners, so that no signal leaves a file of theirs behind. While the service works, signals have their effect as always
    /// ([`Guard::lifted`]). Dropping the watch may end the process by the signal: put everything else in order before.
    pub fn run(mut self, mut watch: Guard, service: &mut dyn Service) -> (Result<(), Cut>, Guard) {
        let mut ready: Vec<Interest> = Vec::new();
        let mut ended = Ok(());
        while !service.is_done() && ended.is_ok() {
            self.interests(&mut ready);
            // Who has been answered may have asked already for more.
            let now = Instant::now();
            let look = || match watch.wait(&mut ready, Some(now)) {
                Err(Cut::Timeout) => None,
                ended => Some(ended),
            };
            ended = match if self.turn > 0 { self.eager.look(look) } else { None } {
                Some(ended) => ended,
                None => self.wait(&mut ready, None, &watch),
            };
            if ended.is_ok() && self.turn.is_multiple_of(BUSY) {
                ended = watch.check(None);
            }
            if ended.is_ok() {
                self.turn(&ready, service, &mut watch);
            }
        }
        if ended.is_ok() {
            ended = self.hand_over(service, &mut watch);
        }
        drop(self);
        (ended, watch)
    }

    /// Wait, at most until a connection that has ended is to be forgotten.
    fn wait(&mut self, ready: &mut [Interest], deadline: Option<Instant>, watch: &Guard) -> Result<(), Cut> {
        let ends = self.clients.iter().filter_map(|client| match client.phase {
            Phase::Ended(end) => Some(end),
            _ => None,
        });
        let Some(end) = ends.chain(deadline).min() else { return watch.wait(ready, None) };
        match watch.wait(ready, Some(end)) {
            // The turn that follows forgets it.
            Err(Cut::Timeout) if deadline.is_none_or(|deadline| end < deadline) => Ok(()),
            ended => ended,
        }
    }

    /// The server is done: nobody else is let in, but the last answers are sent to those who read them.
    fn hand_over(&mut self, service: &mut dyn Service, watch: &mut Guard) -> Result<(), Cut> {
        self.listeners.clear();
        let mut ready: Vec<Interest> = Vec::new();
        let owed = |server: &Self| server.clients.iter().map(|client| client.output.rest().len()).sum::<usize>();
        let (mut left, mut deadline) = (usize::MAX, Instant::now());
        loop {
            self.clients.iter_mut().for_each(Client::hang_up);
            self.clients.retain(|client| client.phase != Phase::Gone);
            if self.clients.is_empty() {
                return Ok(());
            }
            // Whoever takes some of it gets more time.
            if owed(self) < left {
                (left, deadline) = (owed(self), Instant::now() + LAST);
            }
            self.interests(&mut ready);
            match self.wait(&mut ready, Some(deadline), watch) {
                Ok(()) => self.turn(&ready, service, watch),
                Err(Cut::Timeout) => return Ok(()),
                ended => return ended,
            }
        }
    }

    fn interests(&self, ready: &mut Vec<Interest>) {
        ready.clear();
        ready.extend(
            self.listeners.iter().map(|(_, listener)| poll::interest(listener.socket.as_raw_fd(), libc::POLLIN)),
        );
        ready.extend(self.clients.iter().map(|client| {
            let events = if client.output.is_empty() { libc::POLLIN } else { libc::POLLOUT };
            poll::interest(client.socket.as_raw_fd(), events)
        }));
    }

    /// Serve those who are ready.
    fn turn(&mut self, ready: &[Interest], service: &mut dyn Service, watch: &mut Guard) {
        self.turn += 1;
        let (listeners, clients) = ready.split_at(self.listeners.len());
        for (client, interest) in self.clients.iter_mut().zip(clients) {
            if interest.revents != 0 {
                client.heard = self.turn;
                client.serve(&mut self.input, service, watch);
            }
        }
        self.clients.retain(|client| match client.phase {
            Phase::Gone => false,
            Phase::Ended(end) => Instant::now() < end,
            Phase::Open | Phase::Closing => true,
        });
        for (index, listener) in listeners.iter().enumerate() {
            if listener.revents != 0 {
                self.listen(index, service, watch);
            }
        }
        let waiting = |client: &Client| client.reader.waiting() + client.output.held();
        let mut sum: usize = self.clients.iter().map(waiting).sum();
        // Who holds much and has long done nothing about it; not who has just called, as long as others only hold.
        let turn = self.turn;
        let hoarding = |client: &Client| (waiting(client) as u64).saturating_mul(turn - client.heard + 1);
        // A single long answer may be as long as it is.
        while sum > MOST_WAITING && self.clients.iter().filter(|client| waiting(client) > 0).nth(1).is_some() {
            sum -= self.let_go(hoarding).as_ref().map_or(sum, waiting);
        }
    }

    /// Something has come at a listener: a connection, or a datagram.
    fn listen(&mut self, index: usize, service: &mut dyn Service, watch: &mut Guard) {
        let (transport, listener) = &self.listeners[index];
        let fd = listener.socket.as_raw_fd();
        if *transport == Transport::Udp {
            let Ok((got, peer)) = call::receive(fd, &mut self.input, false, 0) else { return };
            let mut replies = Vec::new();
            watch.lifted(|| service.message(&self.input[..got.min(CHUNK)], &peer, &mut replies));
            for reply in replies {
                pause(service.delay(), watch);
                // A datagram that cannot be sent is a datagram that is lost, and the client asks again. Only one that is too long always is.
                if call::send_to(fd, &reply, &peer, true) == Err(Errno::EMSGSIZE) {
                    let _ = call::send_to(fd, &service.unsendable(&reply), &peer, true);
                }
            }
            return;
        }
        let silence = |client: &Client| u64::MAX - client.heard;
        match call::accept(fd) {
            Ok((socket, peer)) => {
                if self.clients.len() >= self.most {
                    self.let_go(silence);
                }
                self.welcome(socket, peer);
            }
            // The newcomer has gone.
            Err(Errno::EAGAIN | Errno::EINTR | Errno::ECONNABORTED) => {}
            // The next turn finds the newcomer again, and a descriptor for it.
            Err(Errno::EMFILE | Errno::ENFILE) if self.let_go(silence).is_some() => {}
            Err(_) => pause(REST, watch),
        }
    }

    fn welcome(&mut self, socket: OwnedFd, peer: Name) {
        let Ok(socket) = crate::sys::fd::make_private(socket) else { return };
        if call::set_nonblocking(socket.as_raw_fd(), true).is_err() {
            return;
        }
        // Refused for UNIX sockets, which do not wait for more anyway.
        let _ = call::set_option(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_NODELAY, 1);
        self.accepted += 1;
        // Who connects to a path has no name of his own, and is still somebody else than the one before.
        let peer = match peer {
            Name::Unnamed => Name::Abstract(format!("connection {}", self.accepted).into_bytes()),
            peer => peer,
        };
        let (reader, heard) = (Reader::new(self.framing), self.turn);
        self.clients.push(Client {
            _mark: Unshared::mark(&socket),
            socket,
            peer,
            reader,
            output: Buffer::default(),
            heard,
            phase: Phase::Open,
        });
    }

    /// Close the connection of the client that is the worst by this measure.
    fn let_go(&mut self, badness: impl Fn(&Client) -> u64) -> Option<Client> {
        let worst = (0..self.clients.len()).max_by_key(|&index| badness(&self.clients[index]))?;
        Some(self.clients.swap_remove(worst))
    }
}

fn pause(time: Duration, watch: &Guard) {
    if !time.is_zero() {
        // A signal that comes meanwhile is seen by the next wait.
        let _ = watch.sleep(time);
    }
}

impl Client {
    /// It has sent something or can take something.
    fn serve(&mut self, input: &mut [u8], service: &mut dyn Service, watch: &mut Guard) {
        if self.output.is_empty() {
            match call::receive(self.socket.as_raw_fd(), input, false, 0) {
                Ok((0, _)) => self.phase = Phase::Gone,
                Ok((got, _)) if self.phase == Phase::Open => self.reader.push(&input[..got]),
                Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => return,
                Err(_) => self.phase = Phase::Gone,
            }
        } else {
            self.write();
        }
        // Again when all is written: what was read may hold more calls than were answered so far.
        while self.output.is_empty() && self.phase == Phase::Open && self.answer(service, watch) {
            self.write();
        }
    }

    /// Answer what has come, up to some length; false if there was nothing.
    fn answer(&mut self, service: &mut dyn Service, watch: &mut Guard) -> bool {
        let mut replies = Vec::new();
        while !service.is_done() && self.phase == Phase::Open && self.output.rest().len() < MOST_OUTPUT {
            match self.reader.next_message() {
                Ok(Some(message)) => {
                    let goes_on = watch.lifted(|| service.message(&message, &self.peer, &mut replies));
                    for reply in replies.drain(..) {
                        pause(service.delay(), watch);
                        self.output.push(&self.reader.answer(&reply));
                    }
                    if !goes_on || self.reader.is_last() {
                        self.phase = Phase::Closing;
                    }
                }
                Ok(None) => {
                    self.output.push(self.reader.prompt());
                    break;
                }
                Err(broken) => {
                    self.output.push(broken.answer);
                    self.phase = Phase::Closing;
                }
            }
        }
        self.write_end();
        !self.output.is_empty()
    }

    /// Send what can be sent.
    fn write(&mut self) {
        while !self.output.is_empty() {
            match call::send(self.socket.as_raw_fd(), self.output.rest(), false) {
                Ok(count) => {
                    self.output.take(count);
                }
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) => {}
                Err(_) => {
                    self.phase = Phase::Gone;
                    return;
                }
            }
        }
        self.output.tidy();
        self.write_end();
    }

    /// When the last answer is sent, send the end.
    fn write_end(&mut self) {
        if self.phase == Phase::Closing && self.output.is_empty() {
            self.phase = match call::shutdown(self.socket.as_raw_fd(), libc::SHUT_WR) {
                Ok(()) => Phase::Ended(Instant::now() + LINGER),
                Err(_) => Phase::Gone,
            };
        }
    }

    /// The server ends: nothing more is answered, and who is not in the middle of something is gone.
    fn hang_up(&mut self) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closing;
            self.write();
        }
        let unread = || matches!(call::receive(self.socket.as_raw_fd(), &mut [0], false, libc::MSG_PEEK), Ok((1.., _)));
        if matches!(self.phase, Phase::Ended(_)) && !unread() {
            self.phase = Phase::Gone;
        }
    }
}
