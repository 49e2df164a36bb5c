//! Bytes that have come over a stream and are not yet a whole message.

/// How much memory an empty buffer keeps.
const KEPT: usize = 64 << 10;

/// Bytes that are added at the end and taken from the front. What was taken is removed now and then and not each time, because that moves
/// the rest.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    taken: usize,
}

impl Buffer {
    /// More bytes have come. Memory is taken for these, and never for what a message announces.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.taken > 0 && self.taken >= self.bytes.len() / 2 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.taken == self.bytes.len()
    }

    /// How many bytes are kept in memory, with those that are taken already.
    pub fn held(&self) -> usize {
        self.bytes.len()
    }

    /// When nothing is there: give back the memory of what was long.
    pub fn tidy(&mut self) {
        if self.is_empty() {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT);
            self.taken = 0;
        }
    }

    /// What is there.
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    /// Take `count` bytes, or what is there if that is less.
    pub fn take(&mut self, count: usize) -> &[u8] {
        let start = self.taken;
        self.taken = self.bytes.len().min(start.saturating_add(count));
        &self.bytes[start..self.taken]
    }
}
