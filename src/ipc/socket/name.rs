//! Names of sockets as people write them: `HOST:PORT` with `[::1]` for IPv6, a path, `@name` for the abstract namespace.

use crate::sys::resolve::{self, Unresolved};
use crate::sys::socket::Name;

/// A UNIX name: a path, or behind `@` a name in the abstract namespace.
pub fn unix(text: &[u8]) -> Name {
    match text.strip_prefix(b"@") {
        Some(name) => Name::Abstract(name.to_vec()),
        None => Name::Path(text.to_vec()),
    }
}

/// `HOST:PORT` in its two parts. An empty host is the loopback interface; an IPv6 address stands in brackets.
pub fn host_and_port(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(rest) = text.strip_prefix(b"[") {
        let close = memchr::memchr(b']', rest)?;
        let port = rest[close + 1..].strip_prefix(b":")?;
        return Some((&rest[..close], port)).filter(|_| !port.is_empty());
    }
    let colon = memchr::memrchr(b':', text)?;
    let (host, port) = (&text[..colon], &text[colon + 1..]);
    (!port.is_empty() && !host.contains(&b':')).then_some((host, port))
}

/// A port as a number 0..65535 or the name of a service. `kind` is SOCK_STREAM or SOCK_DGRAM.
pub fn port(text: &[u8], kind: libc::c_int) -> Option<u16> {
    if text.iter().all(u8::is_ascii_digit) && !text.is_empty() {
        return std::str::from_utf8(text).ok()?.parse().ok();
    }
    resolve::port_of(text, if kind == libc::SOCK_DGRAM { c"udp" } else { c"tcp" })
}

/// The addresses of a host and port, in the order in which they should be tried.
///
/// # Errors
/// Why there are none.
pub fn resolve(
    host: &[u8],
    port: &[u8],
    family: libc::c_int,
    kind: libc::c_int,
    numeric: bool,
) -> Result<Vec<Name>, Unresolved> {
    let host = Some(host).filter(|host| !host.is_empty());
    let found = resolve::addresses(host, port, family, kind, numeric)?;
    Ok(found.into_iter().map(Name::Inet).collect())
}

/// A name as text: `127.0.0.1:80`, `[::1]:80`, a path, `@name`; nothing for an unnamed socket.
pub fn text(name: &Name) -> Vec<u8> {
    match name {
        Name::Inet(address) => address.to_string().into_bytes(),
        Name::Path(path) => path.clone(),
        Name::Abstract(name) => [b"@", &name[..]].concat(),
        Name::Unnamed => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn hosts_and_ports() {
        let split =
            |text: &'static str| host_and_port(text.as_bytes()).map(|(host, port)| [host, port].map(<[u8]>::to_vec));
        let is = |host: &str, port: &str| Some([host.as_bytes().to_vec(), port.as_bytes().to_vec()]);
        assert_eq!(split("localhost:80"), is("localhost", "80"));
        assert_eq!(split("[::1]:http"), is("::1", "http"));
        assert_eq!(split(":80"), is("", "80"));
        for wrong in ["localhost", "localhost:", "::1:80", "[::1]", "[::1]80", "[::1:80", ""] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}
