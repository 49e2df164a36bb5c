//! [`Few`], [`Rare`] and [`Bytes`]: what a syntax tree is made of. Most lists of a script have one element or none, and most texts a few
//! bytes; these need no memory of their own, so that a long script is parsed with few allocations and kept in little memory.

use bstr::BStr;
use std::cell::RefCell;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// A list that usually has one element. It is used as a slice.
#[derive(Clone)]
pub enum Few<T> {
    /// One, in place.
    One(T),
    /// None, or several.
    Many(Box<[T]>),
}

impl<T> Few<T> {
    /// The list as a boxed slice.
    pub fn into_boxed(self) -> Box<[T]> {
        match self {
            Self::One(one) => Box::new([one]),
            Self::Many(many) => many,
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::One(one) => std::slice::from_mut(one),
            Self::Many(many) => many,
        }
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::Many(Box::default())
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(mut list: Vec<T>) -> Self {
        match list.pop() {
            Some(one) if list.is_empty() => Self::One(one),
            Some(last) => {
                list.push(last);
                Self::Many(list.into_boxed_slice())
            }
            None => Self::default(),
        }
    }
}

impl<T: PartialEq> PartialEq for Few<T> {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl<T: Eq> Eq for Few<T> {}

impl<T: fmt::Debug> fmt::Debug for Few<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self[..].fmt(f)
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A list that is usually empty, of one machine word. It is used as a slice.
#[derive(Clone)]
pub struct Rare<T>(Option<Box<Few<T>>>);

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> From<Vec<T>> for Rare<T> {
    fn from(list: Vec<T>) -> Self {
        Self((!list.is_empty()).then(|| Box::new(list.into())))
    }
}

impl<T> Deref for Rare<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        self.0.as_ref().map_or(&[], |list| list)
    }
}

impl<T: PartialEq> PartialEq for Rare<T> {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl<T: Eq> Eq for Rare<T> {}

impl<T: fmt::Debug> fmt::Debug for Rare<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self[..].fmt(f)
    }
}

impl<'a, T> IntoIterator for &'a Rare<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// How many bytes stand in a [`Bytes`] itself: with their number and the enum's mark they fill two machine words.
const SHORT: usize = 14;

/// Bytes that do not change; short ones, as nearly all words of a script are, stand in place. Used as a slice.
#[derive(Clone)]
pub struct Bytes(Store);

#[derive(Clone)]
enum Store {
    Short(u8, [u8; SHORT]),
    // Two pointers, to keep the whole as small as a short text.
    Long(Box<Box<[u8]>>),
}

impl Bytes {
    /// A copy of a text.
    #[inline]
    pub fn new(text: &[u8]) -> Self {
        let length = text.len();
        if length > SHORT {
            return Self(Store::Long(Box::new(text.into())));
        }
        let word = word(text).to_le_bytes();
        let mut short = [0; SHORT];
        short.copy_from_slice(&word[..SHORT]);
        Self(Store::Short(length as u8, short))
    }
}

/// At most 16 bytes as a number, the first one lowest: two loads that may overlap, and no loop.
#[inline]
fn word(text: &[u8]) -> u128 {
    let length = text.len();
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return u128::from(u64::from_le_bytes(*first)) | u128::from(u64::from_le_bytes(*last)) << (8 * (length - 8));
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u128::from(u64::from(first) | u64::from(last) << (8 * (length - 4)));
    }
    match text {
        [] => 0,
        [one] => u128::from(*one),
        [first, .., last] => {
            let middle = text[length / 2];
            u128::from(*first) | u128::from(middle) << (8 * (length / 2)) | u128::from(*last) << (8 * (length - 1))
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Store::Short(length, short) => short.get(..usize::from(*length)).unwrap_or_default(),
            Store::Long(long) => long,
        }
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self::new(b"")
    }
}

impl<T: AsRef<[u8]>> From<T> for Bytes {
    fn from(text: T) -> Self {
        Self::new(text.as_ref())
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Bytes {}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        BStr::new(&self[..]).fmt(f)
    }
}

/// Vectors to collect lists of unknown length in. A list grows in a vector that has grown before and is then copied
/// once, into exactly the memory that it needs.
#[derive(Debug)]
pub struct Pool<T>(RefCell<Vec<Vec<T>>>);

/// A vector that became larger than this is not kept.
const KEPT: usize = 4096;

impl<T> Pool<T> {
    /// An empty vector.
    #[inline]
    pub fn take(&self) -> Vec<T> {
        self.0.borrow_mut().pop().unwrap_or_default()
    }

    /// The vector's elements as a list; the vector comes back.
    #[inline]
    pub fn few(&self, mut list: Vec<T>) -> Few<T> {
        if list.len() == 1
            && let Some(one) = list.pop()
        {
            self.give(list);
            return Few::One(one);
        }
        Few::Many(self.boxed(list))
    }

    /// The same, as a boxed slice.
    #[inline]
    pub fn boxed(&self, mut list: Vec<T>) -> Box<[T]> {
        let mut exact = Vec::with_capacity(list.len());
        exact.append(&mut list);
        self.give(list);
        exact.into_boxed_slice()
    }

    /// Give an empty vector back.
    #[inline]
    pub fn give(&self, list: Vec<T>) {
        if list.capacity() <= KEPT {
            self.0.borrow_mut().push(list);
        }
    }
}

/// Append to a list that most often has one element: room for just that is made, and is not given back when the list is complete.
#[inline]
pub fn push_one<T>(list: &mut Vec<T>, one: T) {
    if list.is_empty() {
        list.reserve_exact(1);
    }
    list.push(one);
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::size_of;

    #[test]
    fn sizes_are_what_the_tree_counts_on() {
        assert_eq!(size_of::<Bytes>(), 16);
        assert_eq!(size_of::<Few<Bytes>>(), 24);
        assert_eq!(size_of::<Rare<Bytes>>(), 8);
    }

    #[test]
    fn texts_of_all_lengths_come_back() {
        for length in 0..40 {
            let text = vec![b'x'; length];
            assert_eq!(&Bytes::new(&text)[..], &text[..]);
            assert_eq!(Bytes::new(&text).clone(), Bytes::from(&text));
        }
        assert_ne!(Bytes::new(b"a"), Bytes::new(b"a\0"));
    }

    #[test]
    fn one_element_is_in_place_and_equal_to_a_slice_of_one() {
        assert!(matches!(Few::from(vec![7]), Few::One(7)));
        assert_eq!(Few::One(7), Few::Many(Box::new([7])));
        assert_eq!(Few::from(vec![1, 2]).to_vec(), [1, 2]);
        assert!(Few::<u8>::default().is_empty());
    }

    #[test]
    fn a_pool_gives_lists_and_keeps_the_memory() {
        let pool = Pool::default();
        let mut list = pool.take();
        list.extend([1, 2, 3]);
        let capacity = list.capacity();
        assert_eq!(&pool.boxed(list)[..], [1, 2, 3]);
        let again = pool.take();
        assert!(again.is_empty() && again.capacity() == capacity);
    }
}
