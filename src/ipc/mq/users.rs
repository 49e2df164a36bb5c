//! Names of users. /etc/passwd itself is read: getpwuid(3) in a static executable loads shared libraries.

/// The name of a user, or the number if there is no name.
pub fn name_of(uid: u32) -> String {
    let digits = uid.to_string();
    let found = find(|name, id| (id == digits).then(|| name.to_owned()));
    found.unwrap_or(digits)
}

/// The number of a user who is given by name or number.
pub fn id_of(user: &str) -> Option<u32> {
    find(|name, id| if name == user { id.parse().ok() } else { None }).or_else(|| user.parse().ok())
}

fn find<T>(pick: impl Fn(&str, &str) -> Option<T>) -> Option<T> {
    let text = std::fs::read("/etc/passwd").ok()?;
    let text = String::from_utf8_lossy(&text);
    text.lines().find_map(|line| {
        let mut columns = line.split(':');
        pick(columns.next()?, columns.nth(1)?)
    })
}
