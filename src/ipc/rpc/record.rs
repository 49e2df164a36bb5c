//! Record marking (RFC 5531, section 11): on a byte stream a message is cut into fragments, each behind its length; the highest bit marks the last.
//!
//! ```text
//! 00 00 00 02 'a' 'b'   80 00 00 01 'c'       one record, "abc", in two fragments
//! ```

use crate::ipc::rpc::buffer::Buffer;

/// The longest record that is put together.
pub const MOST: usize = 16 << 20;
const LAST: u32 = 1 << 31;

/// The mark in front of a record of one fragment.
pub fn mark(length: usize) -> [u8; 4] {
    (length as u32 | LAST).to_be_bytes()
}

/// A message as a record of one fragment.
pub fn record(message: &[u8]) -> Vec<u8> {
    [&mark(message.len())[..], message].concat()
}

/// Puts records together from bytes as they come.
#[derive(Debug, Default)]
pub struct Assembler {
    /// What has come and is not yet in `record`.
    input: Buffer,
    record: Vec<u8>,
    /// Bytes of the current fragment that are still to come, and whether it is the last one; `None` before a mark.
    fragment: Option<(usize, bool)>,
}

/// The record is longer than [`MOST`], or of so many empty fragments that it has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl Assembler {
    /// More bytes have come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.push(bytes);
    }

    /// Whether a record has begun and not ended.
    pub fn is_inside(&self) -> bool {
        self.waiting() > 0 || self.fragment.is_some()
    }

    /// How many bytes wait for the rest of their record.
    pub fn waiting(&self) -> usize {
        self.input.rest().len() + self.record.len()
    }

    /// The next complete record.
    ///
    /// # Errors
    /// The connection is of no more use.
    pub fn next_record(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        loop {
            match self.fragment {
                None => {
                    let Some((mark, _)) = self.input.rest().split_first_chunk() else { return Ok(None) };
                    let mark = u32::from_be_bytes(*mark);
                    let length = (mark & !LAST) as usize;
                    if length > MOST - self.record.len() || (length == 0 && mark & LAST == 0) {
                        return Err(TooLong);
                    }
                    self.input.take(4);
                    self.fragment = Some((length, mark & LAST != 0));
                }
                Some((left, is_last)) => {
                    let bytes = self.input.take(left);
                    self.record.extend_from_slice(bytes);
                    let left = left - bytes.len();
                    self.fragment = (left > 0).then_some((left, is_last));
                    if left > 0 {
                        return Ok(None);
                    }
                    if is_last {
                        return Ok(Some(std::mem::take(&mut self.record)));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Assembler, TooLong, record};

    #[test]
    fn records_come_in_any_pieces() {
        let mut stream = [record(b"first"), record(b""), record(b"third")].concat();
        stream.extend_from_slice(b"\0\0\0\x02ab\x80\0\0\x01c");
        for size in [1, 3, 7, 1000] {
            let (mut assembler, mut records) = (Assembler::default(), Vec::new());
            for piece in stream.chunks(size) {
                assembler.push(piece);
                while let Some(record) = assembler.next_record().expect("short") {
                    records.push(record);
                }
            }
            assert_eq!(records, [&b"first"[..], b"", b"third", b"abc"]);
            assert!(!assembler.is_inside());
        }
    }

    #[test]
    fn what_a_mark_announces_is_not_believed() {
        let mut assembler = Assembler::default();
        assembler.push(&[0x7f, 0xff, 0xff, 0xff]);
        assert_eq!(assembler.next_record(), Err(TooLong));
        let mut endless = Assembler::default();
        endless.push(&[0; 4]);
        assert_eq!(endless.next_record(), Err(TooLong), "empty fragments without an end");
        let mut partial = Assembler::default();
        partial.push(&[0, 0xff, 0xff, 0xff, 1]);
        assert_eq!(partial.next_record(), Ok(None));
        assert!(partial.is_inside());
    }
}
