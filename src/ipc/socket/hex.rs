//! A dump of bytes for people: which way they went, the place in the stream, hexadecimal, and the printable ones. Nothing in it can move the
//! cursor or colour a terminal.

/// Bytes in a line.
const WIDTH: usize = 16;

/// Append a dump of `bytes`, which begin at `offset` of the stream that `mark` names (`<` received, `>` sent). A line for each 16 bytes, and one for a
/// message without any.
pub fn dump(out: &mut Vec<u8>, mark: u8, offset: u64, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let lines = bytes.chunks(WIDTH).chain(bytes.is_empty().then_some(bytes));
    for (index, line) in lines.enumerate() {
        out.push(mark);
        out.extend_from_slice(format!(" {:08x} ", offset + (index * WIDTH) as u64).as_bytes());
        for place in 0..WIDTH {
            out.push(b' ');
            if place == WIDTH / 2 {
                out.push(b' ');
            }
            match line.get(place) {
                Some(byte) => out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]),
                None => out.extend_from_slice(b"  "),
            }
        }
        out.extend_from_slice(b"  |");
        out.extend(line.iter().map(|&byte| if (b' '..=b'~').contains(&byte) { byte } else { b'.' }));
        out.extend_from_slice(b"|\n");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_printable_bytes_come_out() {
        let all: Vec<u8> = (0..=255).collect();
        let mut out = Vec::new();
        super::dump(&mut out, b'<', 0x10, &all);
        assert!(out.iter().all(|byte| *byte == b'\n' || (b' '..=b'~').contains(byte)));
        assert_eq!(out.split(|&byte| byte == b'\n').count(), 17);
        let mut out = Vec::new();
        super::dump(&mut out, b'<', 3, b"");
        assert_eq!(out, format!("< 00000003 {:49}  ||\n", "").into_bytes());
        let mut out = Vec::new();
        super::dump(&mut out, b'>', 0, b"hi\n");
        assert_eq!(
            String::from_utf8_lossy(&out),
            "> 00000000  68 69 0a                                          |hi.|\n"
        );
    }
}
