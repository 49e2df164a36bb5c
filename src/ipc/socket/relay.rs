//! Both directions of a connection at once: standard input to the socket, the socket to standard output.
//!
//! The end of the input is not the end of the conversation. It is passed on by shutting down the writing side, so that the peer sees its
//! end of file, and reading goes on until the peer has said all. Likewise the peer's end does not keep the rest of the input from
//! being sent: it may have closed one direction only. When it has closed both ([`peer`]) that is the end, and so is the peer's end at a
//! terminal, where input never ends.
//!
//! System calls: ppoll to wait for whichever side is ready, shutdown; the lanes move the bytes.

use crate::ipc::socket::lane::{Broken, Lane, Side, Step};
use crate::ipc::socket::peer;
use crate::ipc::wait::{Cut, Guard};
use crate::sys::poll::{self, Interest};
use crate::sys::{socket, transfer, tty};
use nix::errno::Errno;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

/// Where the time limits are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// End when nothing was moved for this long.
    pub idle: Option<Duration>,
    /// End this long after the end of the input.
    pub quit: Option<Duration>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Both directions are through.
    Done,
    /// Nothing has moved for too long, or the time after the end of the input is up.
    Timeout,
    /// A signal was caught; it is still noted.
    Signal(i32),
    /// Standard input could not be read.
    Input(Errno),
    /// Standard output could not be written.
    Output(Errno),
    /// The connection broke.
    Socket(Errno),
}

/// A direction that is under way.
struct Running<'a> {
    lane: &'a mut dyn Lane,
    wait: Side,
    /// A pause that it asked for.
    until: Option<Instant>,
}

/// What can be said of a direction after some steps.
enum Progress {
    Runs { moved: bool },
    Ended,
    Enough,
    Broken(Broken),
}

/// How soon, and at the longest how often, to see whether a peer that has said all still listens.
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// Steps of one direction before the other has its turn and signals are looked for.
const TURN: u32 = 16;

impl<'a> Running<'a> {
    fn new(lane: &'a mut dyn Lane) -> Self {
        Self { lane, wait: Side::From, until: None }
    }

    fn interest(&self) -> Interest {
        let (from, to) = self.lane.ends();
        match (self.until, self.wait) {
            (Some(_), _) => poll::interest(-1, 0),
            (None, Side::From) => poll::interest(from, libc::POLLIN),
            (None, Side::To | Side::Dump) => poll::interest(to, libc::POLLOUT),
        }
    }

    fn run(&mut self) -> Progress {
        self.until = None;
        let mut moved = false;
        for _ in 0..TURN {
            match self.lane.step() {
                Ok(Step::Moved) => moved = true,
                Ok(Step::Wait(side, some)) => {
                    self.wait = side;
                    return Progress::Runs { moved: moved || some };
                }
                Ok(Step::Until(time)) => {
                    self.until = Some(time);
                    return Progress::Runs { moved: true };
                }
                Ok(Step::End) => return Progress::Ended,
                Ok(Step::Enough) => return Progress::Enough,
                Err(broken) => return Progress::Broken(broken),
            }
        }
        Progress::Runs { moved }
    }
}

/// The state of a conversation.
struct Relay<'a> {
    socket: RawFd,
    outgoing: Option<Running<'a>>,
    incoming: Option<Running<'a>>,
    input_is_terminal: bool,
    limits: Limits,
    last: Instant,
    quit_at: Option<Instant>,
    /// The peer has said all: when to see next whether it still listens, and how long to wait after that.
    look_at: Option<(Instant, Duration)>,
    /// The peer has refused bytes: what the incoming direction says afterwards is still heard.
    refused: Option<Errno>,
}

/// Run both directions over `socket` until they are through. Without `outgoing` nothing is sent, and the writing side stays open.
pub fn run(
    socket: RawFd,
    outgoing: Option<&mut dyn Lane>,
    incoming: &mut dyn Lane,
    limits: Limits,
    watch: &Guard,
) -> End {
    let input_is_terminal = outgoing.as_ref().is_some_and(|lane| tty::is_terminal(lane.ends().0));
    let mut relay = Relay {
        socket,
        outgoing: None,
        incoming: Some(Running::new(incoming)),
        input_is_terminal,
        limits,
        last: Instant::now(),
        quit_at: None,
        look_at: None,
        refused: None,
    };
    relay.outgoing = outgoing.map(|lane| Running { lane, wait: Side::From, until: None });
    relay.go(watch)
}

impl Relay<'_> {
    fn go(&mut self, watch: &Guard) -> End {
        loop {
            if self.incoming.is_none() && self.outgoing.is_none() {
                return self.refused.map_or(End::Done, End::Socket);
            }
            let none = poll::interest(-1, 0);
            let mut interests = [
                self.outgoing.as_ref().map_or(none, Running::interest),
                self.incoming.as_ref().map_or(none, Running::interest),
                self.lost_reader(),
                self.lost_peer(),
            ];
            match watch.wait(&mut interests, self.deadline()) {
                Ok(()) => {}
                Err(Cut::Signal(signal)) => return End::Signal(signal),
                Err(Cut::Failed(errno)) => return End::Input(errno),
                Err(Cut::Timeout) if self.is_over() => return End::Timeout,
                Err(Cut::Timeout) => {}
            }
            if interests[2].revents != 0 {
                return End::Output(Errno::EPIPE);
            }
            if self.has_lost_peer() {
                return End::Done;
            }
            let now = Instant::now();
            let ready = |running: &Option<Running<'_>>, interest: Interest| {
                running.as_ref().is_some_and(|running| running.until.map_or(interest.revents != 0, |time| time <= now))
            };
            let mut end = None;
            if ready(&self.outgoing, interests[0]) {
                end = self.send();
            }
            if end.is_none() && ready(&self.incoming, interests[1]) {
                end = self.receive();
            }
            match (end, watch.caught()) {
                (Some(End::Output(Errno::EINTR)), Some(signal)) => return End::Signal(signal),
                (Some(end), _) => return end,
                (None, _) => {}
            }
            if self.incoming.is_none() && interests[3].revents & libc::POLLHUP != 0 {
                return self.refused.map_or(End::Done, End::Socket);
            }
        }
    }

    /// A pipe behind standard output whose reader has gone is noticed before there is anything to write.
    fn lost_reader(&self) -> Interest {
        let to = self.incoming.as_ref().map(|running| running.lane.ends().1);
        match to.filter(|&to| transfer::file_type(to) == libc::S_IFIFO) {
            Some(to) => poll::interest(to, 0),
            None => poll::interest(-1, 0),
        }
    }

    /// When only sending is left: whether the peer has closed both directions (a UNIX socket tells; TCP only at the next write).
    fn lost_peer(&self) -> Interest {
        if self.incoming.is_none() { poll::interest(self.socket, 0) } else { poll::interest(-1, 0) }
    }

    fn idle_at(&self) -> Option<Instant> {
        self.limits.idle.map(|idle| self.last + idle)
    }

    fn deadline(&self) -> Option<Instant> {
        let pauses = [&self.outgoing, &self.incoming].into_iter().flatten().filter_map(|running| running.until);
        let look = self.look_at.map(|(time, _)| time);
        pauses.chain(self.idle_at()).chain(self.quit_at).chain(look).min()
    }

    /// When only sending is left and there is nothing to send: whether it has become pointless.
    fn has_lost_peer(&mut self) -> bool {
        let (Some((time, pause)), Some(running)) = (self.look_at, &self.outgoing) else { return false };
        if running.wait != Side::From || running.until.is_some() || Instant::now() < time {
            return false;
        }
        self.look_at = Some((Instant::now() + pause, (pause * 2).min(LONGEST_LOOK)));
        peer::has_gone(self.socket)
    }

    fn is_over(&self) -> bool {
        let now = Instant::now();
        [self.idle_at(), self.quit_at].into_iter().flatten().any(|time| time <= now)
    }

    fn moved(&mut self, moved: bool) {
        if moved && self.limits.idle.is_some() {
            self.last = Instant::now();
        }
    }

    fn send(&mut self) -> Option<End> {
        match self.outgoing.as_mut()?.run() {
            Progress::Runs { moved } => self.moved(moved),
            // Input that is not open has no more to say than one that is empty.
            Progress::Ended | Progress::Enough | Progress::Broken(Broken { side: Side::From, errno: Errno::EBADF }) => {
                self.outgoing = None;
                // The peer may have closed already; then there is nobody to tell.
                let _ = socket::shutdown(self.socket, libc::SHUT_WR);
                self.quit_at = self.limits.quit.map(|time| Instant::now() + time);
            }
            Progress::Broken(Broken { side: Side::From, errno }) => return Some(End::Input(errno)),
            Progress::Broken(Broken { side: Side::Dump, errno }) => return Some(End::Output(errno)),
            Progress::Broken(Broken { errno, .. }) => {
                self.outgoing = None;
                self.refused = Some(errno);
                let datagrams = socket::kind(self.socket) == Ok(libc::SOCK_DGRAM);
                if datagrams {
                    return Some(End::Socket(errno));
                }
            }
        }
        None
    }

    fn receive(&mut self) -> Option<End> {
        match self.incoming.as_mut()?.run() {
            Progress::Runs { moved } => self.moved(moved),
            Progress::Ended => {
                self.incoming = None;
                let through = self.input_is_terminal || socket::kind(self.socket) == Ok(libc::SOCK_DGRAM);
                if through {
                    self.outgoing = None;
                } else if self.outgoing.is_some() && peer::keep_asking(self.socket).is_ok() {
                    self.look_at = Some((Instant::now() + FIRST_LOOK, FIRST_LOOK));
                }
            }
            Progress::Enough => return Some(End::Done),
            Progress::Broken(Broken { side: Side::From, errno }) => return Some(End::Socket(errno)),
            Progress::Broken(Broken { errno, .. }) => return Some(End::Output(errno)),
        }
        None
    }
}
