//! Lines that the shell reads back: what `alias`, `export -p` and `readonly -p` print.

use crate::quote::quote_into;

/// Append `prefix` + `name='value'` and a newline. The value is always quoted, also where the shell would not need it, so that
/// the lines look alike.
pub fn assignment(out: &mut Vec<u8>, prefix: &str, name: &[u8], value: &[u8]) {
    out.extend_from_slice(prefix.as_bytes());
    out.extend_from_slice(name);
    out.push(b'=');
    let start = out.len();
    quote_into(out, value);
    if out[start..] == *value {
        out.insert(start, b'\'');
        out.push(b'\'');
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::assignment;

    #[test]
    fn values_are_always_quoted() {
        let mut out = Vec::new();
        assignment(&mut out, "export ", b"a", b"b");
        assignment(&mut out, "", b"a", b"it's");
        assignment(&mut out, "", b"a", b"");
        assert_eq!(out, b"export a='b'\na='it'\\''s'\na=''\n");
    }
}
