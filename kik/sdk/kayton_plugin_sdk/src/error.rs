//! How a plugin's errors become Kayton exceptions.

use std::any::{Any, TypeId};
use std::fmt::Display;

use crate::export;
use crate::guard::context;

/// An exception is pending in the VM; the thunk ends with `KT_ERROR`.
#[derive(Clone, Copy, Debug)]
pub struct Raised;

/// An error that names the exception class it becomes: `Err(Exception::new("KeyError", "no such user"))`.
#[derive(Clone, Debug)]
pub struct Exception {
    pub class: String,
    pub message: String,
}

impl Exception {
    pub fn new(class: impl Into<String>, message: impl Into<String>) -> Exception {
        Exception { class: class.into(), message: message.into() }
    }
}

impl Display for Exception {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Exception {}

/// Makes a built-in exception pending.
#[cold]
pub fn raise(class: &str, message: &str) -> Raised {
    context().raise(class, message);
    Raised
}

/// Makes the exception of a Rust error pending.
#[cold]
pub fn raise_error<E: Display + 'static>(error: E) -> Raised {
    let message = error.to_string();
    if let Some(exception) = (&error as &dyn Any).downcast_ref::<Exception>() {
        return raise(&exception.class, &message);
    }
    raise(&class_of::<E>(), &message)
}

/// The class of a Rust error type: an exported one's own, a built-in class where the standard library's error has an
/// obvious one, and the module's `Error` for all others.
pub fn class_of<E: 'static>() -> String {
    let id = TypeId::of::<E>();
    if let Some(name) = export::error_class(id) {
        return name;
    }
    let is = |other: TypeId| id == other;
    if is(TypeId::of::<Exception>()) {
        "Exception".to_string()
    } else if is(TypeId::of::<std::io::Error>()) {
        "OSError".to_string()
    } else if is(TypeId::of::<std::num::ParseIntError>())
        || is(TypeId::of::<std::num::ParseFloatError>())
        || is(TypeId::of::<std::num::TryFromIntError>())
        || is(TypeId::of::<std::str::Utf8Error>())
        || is(TypeId::of::<std::string::FromUtf8Error>())
    {
        "ValueError".to_string()
    } else {
        format!("{}.Error", export::module_name())
    }
}
