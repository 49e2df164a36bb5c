//! Bytes that have come over a stream and are not yet a whole message.

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
