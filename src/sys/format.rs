//! Floating-point numbers to text and back as the C library does it: `printf` promises the conversions of C (XBD 5), among
//! them `%a` and `%g`, which Rust does not have.

use std::ffi::{CStr, c_char, c_int};

/// A conversion specification for a double.
#[derive(Clone, Copy, Debug)]
pub struct Double {
    /// The flags, out of `-+ #0`, each as often as one likes.
    pub flags: [u8; 5],
    /// The width; 0 for none.
    pub width: c_int,
    /// The precision; negative for none.
    pub precision: c_int,
    /// One of `aAeEfFgG`.
    pub conversion: u8,
}

/// Append `value` as snprintf(3) formats it. Nothing is appended if the conversion or a flag is not one of those above, or the
/// text would have more than `c_int::MAX` bytes.
pub fn append_double(out: &mut Vec<u8>, double: &Double, value: f64) {
    let known = b"aAeEfFgG".contains(&double.conversion) && double.flags.iter().all(|flag| b"\0-+ #0".contains(flag));
    if !known {
        return;
    }
    let mut format = [0u8; 12];
    format[0] = b'%';
    let mut length = 1;
    for &flag in double.flags.iter().filter(|&&flag| flag != 0) {
        format[length] = flag;
        length += 1;
    }
    for &byte in &[b'*', b'.', b'*', double.conversion] {
        format[length] = byte;
        length += 1;
    }
    let mut room = 64;
    loop {
        out.reserve(room);
        let spare = out.spare_capacity_mut();
        // SAFETY: the pointer and the length describe the spare room; the format ends with a NUL (at most 10 of its 12 bytes are
        // used) and takes an int, an int and a double, which follow.
        let needed = unsafe {
            libc::snprintf(
                spare.as_mut_ptr().cast::<c_char>(),
                spare.len(),
                format.as_ptr().cast::<c_char>(),
                double.width,
                double.precision,
                value,
            )
        };
        let Ok(needed) = usize::try_from(needed) else { return };
        if needed < spare.len() {
            let end = out.len() + needed;
            // SAFETY: snprintf has written `needed` bytes and a NUL into the spare room.
            unsafe { out.set_len(end) };
            return;
        }
        room = needed + 1;
    }
}

/// strtod(3): the value of the number at the beginning of `text` (decimal, hexadecimal, `inf`, `nan`), how many bytes it has, and
/// whether it fits into a double.
pub fn parse_double(text: &CStr) -> (f64, usize, bool) {
    nix::errno::Errno::clear();
    let mut end = std::ptr::null_mut();
    // SAFETY: `text` ends with a NUL; `end` is a place for a pointer.
    let value = unsafe { libc::strtod(text.as_ptr(), &raw mut end) };
    let fits = nix::errno::Errno::last_raw() != libc::ERANGE;
    (value, (end as usize).saturating_sub(text.as_ptr() as usize), fits)
}
