//! What the tests of the binding generator read. tiny.json is rustdoc's JSON of this file, made small by shrink.py:
//!   RUSTC_BOOTSTRAP=1 rustdoc --crate-name tiny --edition 2021 -Zunstable-options --output-format json tiny.rs -o OUT
//!   ./shrink.py OUT/tiny.json > tiny.json

use std::fmt;

/// A place in a text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Point {
    pub x: i64,
    pub y: u8,
}

#[derive(Debug)]
pub struct Error(String);
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for Error {}
impl Error {
    pub fn detail(&self) -> &str {
        &self.0
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Case {
    Upper,
    Lower,
    Custom(u8),
}

pub struct Finder {
    needle: String,
}

/// One hit.
pub struct Hit<'h> {
    text: &'h str,
}

pub struct Hits<'f, 'h> {
    finder: &'f Finder,
    rest: &'h str,
}

impl Finder {
    pub const EMPTY: usize = 0;
    /// Makes a finder.
    ///
    /// More about it.
    pub fn new(needle: &str) -> Result<Finder, Error> {
        Ok(Finder { needle: needle.to_owned() })
    }
    pub fn find<'h>(&self, haystack: &'h str) -> Option<Hit<'h>> {
        haystack.find(&self.needle).map(|at| Hit { text: &haystack[at..] })
    }
    pub fn hits<'f, 'h>(&'f self, haystack: &'h str) -> Hits<'f, 'h> {
        Hits { finder: self, rest: haystack }
    }
    pub fn span(&self) -> Option<(usize, usize)> {
        None
    }
    pub fn limit(&mut self, _most: usize) -> &mut Finder {
        self
    }
    pub fn into_needle(self) -> String {
        self.needle
    }
    pub fn merge(&mut self, other: &Finder) {
        self.needle.push_str(&other.needle);
    }
    pub fn feed<B: AsRef<[u8]>>(&self, data: B) -> usize {
        data.as_ref().len()
    }
    pub fn describe(&self, out: &mut String) {
        out.push_str(&self.needle);
    }
    pub fn each<F: FnMut(&str)>(&self, mut f: F) {
        f(&self.needle)
    }
    pub fn forever(&self, _text: &'static str) {}
    pub unsafe fn dangerous(&self) {}
    pub fn len(&self) -> usize {
        self.needle.len()
    }
}

impl<'h> Hit<'h> {
    pub fn as_str(&self) -> &'h str {
        self.text
    }
}

impl<'f, 'h> Iterator for Hits<'f, 'h> {
    type Item = Result<Hit<'h>, Error>;
    fn next(&mut self) -> Option<Self::Item> {
        let hit = self.finder.find(self.rest)?;
        self.rest = &hit.text[1..];
        Some(Ok(hit))
    }
}

/// Collects what it is lent.
#[derive(Default)]
pub struct Bag<'a> {
    items: Vec<&'a str>,
}
impl<'a> Bag<'a> {
    pub fn add(&mut self, text: &'a str) {
        self.items.push(text);
    }
    pub fn count(&self) -> usize {
        self.items.len()
    }
}
impl<'a> std::ops::Index<usize> for Bag<'a> {
    type Output = str;
    fn index(&self, at: usize) -> &str {
        self.items[at]
    }
}

pub trait Shout {
    fn text(&self) -> String;
    fn shout(&self) -> String {
        self.text().to_uppercase()
    }
}
impl Shout for Finder {
    fn text(&self) -> String {
        self.needle.clone()
    }
}

pub struct Pair<T> {
    pub left: T,
    pub right: T,
}
impl<T: Clone> Pair<T> {
    pub fn swap(&self) -> Pair<T> {
        Pair { left: self.right.clone(), right: self.left.clone() }
    }
}
pub type IntPair = Pair<i64>;

pub mod deep {
    pub fn half(value: f64) -> f64 {
        value / 2.0
    }
    pub fn sum(values: &[i64]) -> i64 {
        values.iter().sum()
    }
}
pub use deep::half as halve;

pub const LIMIT: u32 = 7;
