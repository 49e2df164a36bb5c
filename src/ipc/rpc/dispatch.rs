//! From a message to a reply: what is executed, what is answered from memory, and what a bad network does to both.
//!
//! Calls can come twice, because the client heard nothing and sent again. What then happens is the [`Semantics`].

use crate::ipc::rpc::fault::Faults;
use crate::ipc::rpc::onc::{self, Call, NoCall, Reply, Target};
use crate::ipc::rpc::server::Service;
use crate::ipc::socket::name;
use crate::sys::socket::Name;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// What a server does with a call that it has already executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Semantics {
    /// Executes it again.
    AtLeastOnce,
    /// Answers it from the reply cache.
    AtMostOnce,
}

/// How many replies the cache keeps, and how many bytes of them.
const CACHE: usize = 8192;
const CACHE_BYTES: usize = 16 << 20;

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

/// Executes calls.
pub trait Procedures {
    /// Execute one. It may take its time: nobody else is served meanwhile.
    fn execute(&mut self, call: &Call<'_>, peer: &Name) -> Reply;

    /// A result was too long for a datagram, by the length of the whole reply: it is lost.
    fn too_long(&mut self, _length: usize) {}

    /// Whether there is a reason to end before all calls have come.
    fn is_over(&self) -> bool {
        false
    }
}

/// Who has called what: a second message with all of it the same is the same call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct CallId {
    xid: u32,
    target: Target,
    peer: Vec<u8>,
}

/// Decides what is executed, and remembers replies.
#[derive(Debug)]
pub struct Dispatcher<P> {
    /// What happens with repeated calls.
    pub semantics: Semantics,
    /// What the network does to messages.
    pub faults: Faults,
    /// What has happened so far.
    pub counts: Counts,
    /// How many calls are answered before the end.
    pub most: Option<u64>,
    /// What executes them.
    pub procedures: P,
    cache: HashMap<CallId, Reply>,
    order: VecDeque<CallId>,
    /// Bytes of the results in the cache.
    cached_bytes: usize,
}

impl<P: Procedures> Dispatcher<P> {
    /// With an empty cache.
    pub fn new(semantics: Semantics, faults: Faults, procedures: P) -> Self {
        let (cache, order) = (HashMap::new(), VecDeque::new());
        Self { semantics, faults, counts: Counts::default(), most: None, procedures, cache, order, cached_bytes: 0 }
    }

    fn answer(&mut self, call: &Call<'_>, peer: &Name) -> Reply {
        if self.semantics == Semantics::AtLeastOnce {
            self.counts.executed += 1;
            return self.procedures.execute(call, peer);
        }
        let id = CallId { xid: call.xid, target: call.target, peer: name::text(peer) };
        if let Some(reply) = self.cache.get(&id) {
            self.counts.cached += 1;
            return reply.clone();
        }
        self.counts.executed += 1;
        let reply = self.procedures.execute(call, peer);
        self.cached_bytes += size(&reply);
        while self.order.len() >= CACHE || self.cached_bytes > CACHE_BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            self.cached_bytes -= self.cache.remove(&oldest).as_ref().map_or(0, size);
        }
        self.order.push_back(id.clone());
        self.cache.insert(id, reply.clone());
        reply
    }
}

fn message_of(xid: u32, reply: &Reply) -> Vec<u8> {
    let mut out = Vec::new();
    onc::put_reply(&mut out, xid, reply);
    out
}

/// Bytes of the result.
fn size(reply: &Reply) -> usize {
    if let Reply::Success(result) = reply { result.len() } else { 0 }
}

impl<P: Procedures> Service for Dispatcher<P> {
    fn message(&mut self, message: &[u8], peer: &Name, replies: &mut Vec<Vec<u8>>) -> bool {
        let call = match onc::parse_call(message) {
            Ok(call) => call,
            Err(NoCall::OtherVersion(xid)) => {
                replies.push(message_of(xid, &Reply::RpcMismatch(2, 2)));
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
            let answer = self.answer(&call, peer);
            if self.faults.happens(self.faults.drop_reply) {
                self.counts.lost += 1;
            } else {
                replies.push(message_of(call.xid, &answer));
            }
        }
        true
    }

    fn unsendable(&mut self, reply: &[u8]) -> Vec<u8> {
        self.procedures.too_long(reply.len());
        let xid = reply.first_chunk().map_or(0, |xid| u32::from_be_bytes(*xid));
        message_of(xid, &Reply::SystemError)
    }

    fn is_done(&self) -> bool {
        self.procedures.is_over() || self.most.is_some_and(|most| self.counts.calls >= most)
    }

    fn delay(&self) -> Duration {
        self.faults.delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counter(u32);

    impl Procedures for Counter {
        fn execute(&mut self, _: &Call<'_>, _: &Name) -> Reply {
            self.0 += 1;
            Reply::Success(self.0.to_be_bytes().to_vec())
        }
    }

    fn three_times(semantics: Semantics, faults: Faults) -> (u32, Counts, usize) {
        let mut dispatcher = Dispatcher::new(semantics, faults, Counter(0));
        let mut message = Vec::new();
        onc::put_call(&mut message, 9, Target { program: 1, version: 1, procedure: 1 }, (onc::AUTH_NONE, b""));
        let mut replies = Vec::new();
        for _ in 0..3 {
            assert!(dispatcher.message(&message, &Name::Unnamed, &mut replies));
        }
        assert!(!dispatcher.message(&message[..8], &Name::Unnamed, &mut replies));
        (dispatcher.procedures.0, dispatcher.counts, replies.len())
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
