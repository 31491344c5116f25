//! Kayton functions as Rust closures. A call lends its arguments for as long as it lasts: what it made for them is
//! released afterwards, and a handle to something borrowed is empty from then on. An exception in the function unwinds
//! through the crate to the thunk that was called, which leaves it pending.

use std::ffi::c_void;
use std::thread::ThreadId;

use kayton_api::{KtClosure, KtHandle, KtObject, KtTypeInfo, KtValue};

use crate::call::{context, raise, unwind, Exit, Ret};
use crate::handles::H;
use crate::register::TypeSlot;

/// A function of the program, kept alive. Sent to other threads it refuses to be called there.
pub struct Callback {
    closure: *mut KtClosure,
    home: ThreadId,
}
unsafe impl Send for Callback {}
unsafe impl Sync for Callback {}

pub unsafe fn callback(closure: *mut KtClosure) -> Callback {
    unsafe { context().retain(closure) };
    Callback { closure, home: std::thread::current().id() }
}

impl Callback {
    pub fn raw(&self) -> *mut KtClosure {
        self.closure
    }
    pub fn code(&self) -> *const c_void {
        if std::thread::current().id() != self.home {
            panic!("a Kayton function was called from another thread of the crate");
        }
        unsafe { (*self.closure).code.cast() }
    }
    /// What a call gave, as a Rust value.
    pub fn run<R>(&self, body: impl FnOnce() -> Ret<R>) -> R {
        body().unwrap_or_else(|exit| unwind(exit))
    }
}

impl Clone for Callback {
    fn clone(&self) -> Callback {
        unsafe { context().retain(self.closure) };
        Callback { closure: self.closure, home: self.home }
    }
}
impl Drop for Callback {
    fn drop(&mut self) {
        // Counts are not atomic: what another thread drops stays.
        if std::thread::current().id() == self.home {
            unsafe { context().release(self.closure) }
        }
    }
}

pub fn status(code: i32) -> Ret {
    match code {
        kayton_api::KT_OK => Ok(()),
        _ => Err(Exit::Raised),
    }
}

/// An object made for one call.
pub struct Given<T>(pub *mut T);
impl<T> Drop for Given<T> {
    fn drop(&mut self) {
        unsafe { context().release(self.0.cast::<KtObject>()) }
    }
}
/// A handle that may only be used while the call lasts.
pub struct Lent(pub H);
impl Drop for Lent {
    fn drop(&mut self) {
        unsafe {
            if !self.0.is_null() {
                let handle: *mut KtHandle = self.0;
                if (*handle).base.refcount > 1 {
                    (*handle).data = std::ptr::null_mut();
                    (*handle).moved_by = c"the end of the call that lent it".as_ptr();
                }
                context().release(handle.cast::<KtObject>());
            }
        }
    }
}
/// A value of a union or a tuple, of the slot's type.
pub struct Held<T>(pub T, pub *const KtTypeInfo);
impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        unsafe { context().release_value(self.1, std::ptr::from_mut(&mut self.0).cast::<c_void>()) }
    }
}
pub fn held<T>(value: T, slot: &TypeSlot) -> Held<T> {
    Held(value, slot.info())
}
pub fn held_value(value: KtValue) -> Held<KtValue> {
    Held(value, crate::values::dynamic_type())
}

/// An iterable of the program as a Rust iterator is a list that was collected before; this is for what it gives.
pub fn wrong_length(expected: usize, found: usize) -> Exit {
    raise("ValueError", &format!("expected {expected} values, not {found}"))
}
