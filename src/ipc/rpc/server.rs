//! The server's side: one loop over all listeners and connections; a service answers message after message.
//!
//! A client may send half a call and fall silent, announce four gigabytes, or read no answer: none of it may stop the others. So nothing here
//! blocks but the wait for all of them together, and a client that does not read its answers gets no further calls read.

use crate::ipc::rpc::client::Transport;
use crate::ipc::rpc::frame::{Framing, Reader};
use crate::ipc::socket::Listener;
use crate::ipc::watch::{Cut, Watch};
use crate::sys::poll::{self, Interest};
use crate::sys::socket::{self as call, Name};
use nix::errno::Errno;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// How many bytes are read from one connection before the others have their turn; also room for any datagram.
const CHUNK: usize = 64 << 10;

/// Answers messages.
pub trait Service {
    /// Answer one: append the replies. False: the message is none, and a connection that sends such is of no use.
    fn message(&mut self, message: &[u8], peer: &Name, replies: &mut Vec<Vec<u8>>) -> bool;

    /// Whether the server has nothing more to do.
    fn is_done(&self) -> bool;

    /// How late a reply is, on purpose.
    fn delay(&self) -> Duration;
}

/// A client on a stream.
#[derive(Debug)]
struct Client {
    socket: OwnedFd,
    peer: Name,
    reader: Reader,
    output: Vec<u8>,
}

/// A server.
#[derive(Debug)]
pub struct Server {
    framing: Framing,
    listeners: Vec<(Transport, Listener)>,
    clients: Vec<Client>,
    /// Whether there are no descriptors for more clients.
    is_full: bool,
    /// How many connections there have been.
    accepted: u64,
    input: Vec<u8>,
}

impl Server {
    /// On these sockets, which do not block.
    pub fn new(framing: Framing, listeners: Vec<(Transport, Listener)>) -> Self {
        Self { framing, listeners, clients: Vec::new(), is_full: false, accepted: 0, input: vec![0; CHUNK] }
    }

    /// Serve until the service is done, or a signal comes; the socket files are gone by then. While the service works there is no watch, so that
    /// its own commands meet signals as always.
    ///
    /// # Errors
    /// The signal.
    pub fn run(mut self, service: &mut dyn Service) -> Result<(), Cut> {
        let mut ready: Vec<Interest> = Vec::new();
        while !service.is_done() {
            self.interests(&mut ready);
            let watch = Watch::begin();
            if let Err(cut) = watch.wait(&mut ready, None) {
                // The sockets first, and then the watch, which may end the process.
                drop(self);
                return Err(cut);
            }
            drop(watch);
            let first = self.listeners.len();
            // From the last one on, so that a client that is removed moves no one that is still to be looked at.
            for index in (0..self.clients.len()).rev() {
                if ready[first + index].revents != 0 && !self.serve(index, service) {
                    self.clients.swap_remove(index);
                    self.is_full = false;
                }
            }
            for (index, listener) in ready[..first].iter().enumerate() {
                if listener.revents != 0 {
                    self.listen(index, service);
                }
            }
        }
        // What can be sent at once is sent.
        self.clients.iter_mut().for_each(|client| {
            client.write();
        });
        Ok(())
    }

    fn interests(&self, ready: &mut Vec<Interest>) {
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
    }

    /// Something has come at a listener: a connection, or a datagram.
    fn listen(&mut self, index: usize, service: &mut dyn Service) {
        let (transport, listener) = &self.listeners[index];
        let fd = listener.socket.as_raw_fd();
        if *transport == Transport::Udp {
            let Ok((got, peer)) = call::receive(fd, &mut self.input, false, 0) else { return };
            let mut replies = Vec::new();
            service.message(&self.input[..got.min(CHUNK)], &peer, &mut replies);
            for reply in replies {
                delay(service);
                // A datagram that cannot be sent is a datagram that is lost: the client asks again.
                let _ = call::send_to(fd, &reply, &peer, true);
            }
            return;
        }
        match call::accept(fd) {
            Ok((socket, peer)) => {
                if let Ok(socket) = crate::sys::fd::make_private(socket)
                    && call::set_nonblocking(socket.as_raw_fd(), true).is_ok()
                {
                    // Refused for UNIX sockets, which do not wait for more anyway.
                    let _ = call::set_option(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_NODELAY, 1);
                    self.accepted += 1;
                    // Who connects to a path has no name of his own, and is still somebody else than the one before.
                    let peer = match peer {
                        Name::Unnamed => Name::Abstract(format!("connection {}", self.accepted).into_bytes()),
                        peer => peer,
                    };
                    let reader = Reader::new(self.framing);
                    self.clients.push(Client { socket, peer, reader, output: Vec::new() });
                }
            }
            // They wait in the kernel's queue until somebody leaves.
            Err(Errno::EMFILE | Errno::ENFILE) => self.is_full = true,
            Err(_) => {}
        }
    }

    /// A client has sent something or can take something; false when it is to be let go.
    fn serve(&mut self, index: usize, service: &mut dyn Service) -> bool {
        let client = &mut self.clients[index];
        if !client.output.is_empty() {
            return client.write();
        }
        match call::receive(client.socket.as_raw_fd(), &mut self.input, false, 0) {
            Ok((0, _)) => return false,
            Ok((got, _)) => client.reader.push(&self.input[..got]),
            Err(Errno::EAGAIN | Errno::EINTR) => return true,
            Err(_) => return false,
        }
        let mut replies = Vec::new();
        while !service.is_done() {
            match client.reader.next_message() {
                Ok(Some(message)) => {
                    let goes_on = service.message(&message, &client.peer, &mut replies);
                    for reply in replies.drain(..) {
                        delay(service);
                        client.output.extend_from_slice(&self.framing.reply(&reply));
                    }
                    if !goes_on {
                        client.write();
                        return false;
                    }
                }
                Ok(None) => break,
                Err(_) => return false,
            }
        }
        client.write()
    }
}

fn delay(service: &dyn Service) {
    if !service.delay().is_zero() {
        // A signal that comes meanwhile is seen by the next wait.
        let _ = Watch::begin().sleep(service.delay());
    }
}

impl Client {
    /// Send what can be sent; false when the client has gone.
    fn write(&mut self) -> bool {
        let mut sent = 0;
        let alive = loop {
            if sent == self.output.len() {
                break true;
            }
            match call::send(self.socket.as_raw_fd(), &self.output[sent..], false) {
                Ok(count) => sent += count,
                Err(Errno::EAGAIN) => break true,
                Err(Errno::EINTR) => {}
                Err(_) => break false,
            }
        };
        self.output.drain(..sent);
        alive
    }
}
