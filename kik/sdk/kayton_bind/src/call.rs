//! The guarded call, and exceptions.

use std::any::Any;
use std::fmt::{Debug, Display};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Once;

use crate::handles::H;
use kayton_api::{KaytonContext, KT_ERROR, KT_OK, KT_PANIC, KT_STOP};

/// Why a thunk gives no value.
pub enum Exit {
    /// An exception is pending in the VM.
    Raised,
    /// The iterator is at its end.
    Stop,
}

pub type Ret<T = ()> = Result<T, Exit>;

static mut CONTEXT: KaytonContext = KaytonContext { vm: std::ptr::null_mut(), api: std::ptr::null() };
/// Calls on the stack: while there are any, the panic hook keeps silent, since the panic becomes an exception.
static DEPTH: AtomicUsize = AtomicUsize::new(0);

#[inline(always)]
pub(crate) fn context() -> KaytonContext {
    // Written once, at registration, before any thunk can run.
    unsafe { CONTEXT }
}

pub(crate) fn set_context(context: &KaytonContext) {
    unsafe { CONTEXT = *context }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if DEPTH.load(Ordering::Relaxed) == 0 {
                previous(info)
            }
        }));
    });
}

/// Runs a thunk's body; a panic becomes a pending RustPanic. Not generic, so that it is compiled once.
#[inline(never)]
pub fn call(body: &mut dyn FnMut() -> Ret) -> i32 {
    DEPTH.store(DEPTH.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    let result = catch_unwind(AssertUnwindSafe(body));
    DEPTH.store(DEPTH.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
    match result {
        Ok(Ok(())) => KT_OK,
        Ok(Err(Exit::Raised)) => KT_ERROR,
        Ok(Err(Exit::Stop)) => KT_STOP,
        Err(payload) => panicked(payload),
    }
}

/// An exception on its way through a crate's own frames.
struct Pending;

/// Leaves a function of Rust's that cannot fail, with the exception that is pending.
#[cold]
pub fn unwind(_exit: Exit) -> ! {
    std::panic::resume_unwind(Box::new(Pending))
}

#[cold]
fn panicked(payload: Box<dyn Any + Send>) -> i32 {
    if payload.is::<Pending>() {
        return KT_ERROR;
    }
    let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "the crate panicked",
    };
    context().raise("RustPanic", text);
    // The payload's own drop may panic; it is forgotten.
    std::mem::forget(payload);
    KT_PANIC
}

#[cold]
pub fn raise(class: &str, message: &str) -> Exit {
    context().raise(class, message);
    Exit::Raised
}

/// Raises with the error value itself, which the exception carries: its methods are methods of the exception.
#[cold]
#[inline(never)]
pub unsafe fn raise_with(class: &str, message: &str, value: H) -> Exit {
    context().raise_value(class, message, value);
    Exit::Raised
}

/// The same for errors that own all they hold: `err_value!(class, type slot, value)`.
#[macro_export]
macro_rules! err_value {
    ($class:expr, $slot:expr, $ty:ty, $error:expr) => {{
        #[allow(unused_imports)]
        use $crate::{ByDebug, ByDisplay, ByName};
        let error: $ty = $error;
        let text = (&&&$crate::ErrorText(&error)).text();
        $crate::raise_with($class, &text, $crate::hnew::<$ty>($slot, error, &[]))
    }};
}

/// Text of an error value: Display where it has it, else Debug, else its type's name. Chosen by method resolution:
/// `err!(class, value)`.
pub struct ErrorText<'a, T: ?Sized>(pub &'a T);
pub trait ByDisplay {
    fn text(&self) -> String;
}
pub trait ByDebug {
    fn text(&self) -> String;
}
pub trait ByName {
    fn text(&self) -> String;
}
impl<T: Display + ?Sized> ByDisplay for &&ErrorText<'_, T> {
    fn text(&self) -> String {
        self.0.to_string()
    }
}
impl<T: Debug + ?Sized> ByDebug for &ErrorText<'_, T> {
    fn text(&self) -> String {
        format!("{:?}", self.0)
    }
}
impl<T: ?Sized> ByName for ErrorText<'_, T> {
    fn text(&self) -> String {
        std::any::type_name::<T>().to_string()
    }
}

/// Raises an exception of the class with the error's text; gives the Exit.
#[macro_export]
macro_rules! err {
    ($class:expr, $error:expr) => {{
        #[allow(unused_imports)]
        use $crate::{ByDebug, ByDisplay, ByName};
        $crate::raise($class, &(&&&$crate::ErrorText(&$error)).text())
    }};
}
