//! A Kayton plugin written by hand. Install it with `kik rinstall --path examples/plugin_hello`, then
//! `rimport plugin_hello`.

mod hostile;

use kayton_plugin_sdk::prelude::*;

/// Greets a person.
#[kayton_export]
pub fn greet(name: &str) -> String {
    format!("Hello, {name}!")
}

/// The sum of two numbers.
#[kayton_export]
pub fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// Divides, or says why it cannot.
#[kayton_export]
pub fn divide(a: f64, b: f64) -> Result<f64, String> {
    if b == 0.0 {
        return Err(format!("cannot divide {a} by zero"));
    }
    Ok(a / b)
}

/// The first line that a server sends: "localhost:8080".
#[kayton_export]
pub fn first_line(server: &str) -> Result<String, String> {
    use std::io::{BufRead, BufReader};
    let stream = std::net::TcpStream::connect(server).map_err(|error| error.to_string())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).map_err(|error| error.to_string())?;
    Ok(line.trim_end().to_string())
}

/// The position of the first item that equals `wanted`.
#[kayton_export]
pub fn position(items: &[i64], wanted: i64) -> Option<i64> {
    items.iter().position(|&item| item == wanted).map(|index| index as i64)
}

/// Each word with its length in bytes.
#[kayton_export]
pub fn measure(words: Vec<String>) -> Vec<(String, u32)> {
    words.into_iter().map(|word| (word.clone(), word.len() as u32)).collect()
}

/// Counts in steps.
#[kayton_export(str, repr, eq, clone)]
#[derive(Clone, Debug, PartialEq)]
pub struct Counter {
    /// What the counter shows.
    #[kayton(get)]
    pub value: i64,
    step: i64,
}

#[kayton_export]
impl Counter {
    pub fn new(step: i64) -> Counter {
        Counter { value: 0, step }
    }

    /// One step on.
    pub fn advance(&mut self) -> i64 {
        self.value += self.step;
        self.value
    }

    pub fn is_even(&self) -> bool {
        self.value % 2 == 0
    }

    /// Changes the step; calls can be chained.
    pub fn with_step(&mut self, step: i64) -> &mut Self {
        self.step = step;
        self
    }

    /// Takes what another counter shows; that one is used up.
    pub fn absorb(&mut self, other: Counter) {
        self.value += other.value;
    }

    /// Ends counting.
    pub fn finish(self) -> i64 {
        self.value
    }
}

impl std::fmt::Display for Counter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "at {}", self.value)
    }
}

/// Counts down to one; used in `for`.
#[kayton_export]
pub struct Countdown(i64);

#[kayton_export]
impl Countdown {
    pub fn new(from: i64) -> Countdown {
        Countdown(from)
    }

    pub fn next(&mut self) -> Option<i64> {
        if self.0 == 0 {
            return None;
        }
        self.0 -= 1;
        Some(self.0 + 1)
    }
}

#[kayton_export]
pub enum Color {
    Red,
    Green,
    Blue,
}

/// What paint of the color is made of.
#[kayton_export]
pub fn pigment(color: &Color) -> &'static str {
    match color {
        Color::Red => "cadmium",
        Color::Green => "chromium",
        Color::Blue => "cobalt",
    }
}

kayton_module! { name: "plugin_hello" }
