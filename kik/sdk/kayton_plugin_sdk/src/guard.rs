//! The VM a plugin belongs to, and the guard around every call from it: no panic leaves a thunk.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::Once;

use kayton_api::{KaytonContext, KT_ERROR, KT_PANIC};

use crate::error::Raised;

static CONTEXT: AtomicPtr<KaytonContext> = AtomicPtr::new(std::ptr::null_mut());

thread_local! {
    /// How many guarded calls this thread is in: its panics are reported as exceptions, not printed.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static PANIC_PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the VM for the plugin's thunks. Called once, at registration.
pub fn attach(context: KaytonContext) {
    CONTEXT.store(Box::into_raw(Box::new(context)), Ordering::Release);
    install_hook();
}

fn install_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if DEPTH.with(Cell::get) == 0 {
                return previous(info);
            }
            let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
            PANIC_PLACE.with(|slot| *slot.borrow_mut() = place);
        }));
    });
}

/// The register entry point. A panic is left pending in the VM: where the toolchain has no shared libstd the bridge's
/// copy of it could not catch a panic of the plugin's.
pub fn enter_register(context: &KaytonContext, register: impl FnOnce(&KaytonContext)) {
    attach(*context);
    guard(|| {
        register(context);
        Ok(kayton_api::KT_OK)
    });
}

/// The manifest entry point; empty, which the bridge refuses, when making the manifest panics.
pub fn enter_manifest(manifest: impl FnOnce() -> &'static [u8]) -> &'static [u8] {
    install_hook();
    DEPTH.with(|depth| depth.set(depth.get() + 1));
    let result = catch_unwind(AssertUnwindSafe(manifest));
    DEPTH.with(|depth| depth.set(depth.get() - 1));
    result.unwrap_or_else(|payload| {
        std::mem::forget(payload);
        &[]
    })
}

/// The plugin's VM. REQUIRES: the plugin is registered, which it is before any of its thunks can be called.
#[inline(always)]
pub fn context() -> &'static KaytonContext {
    let context = CONTEXT.load(Ordering::Relaxed);
    debug_assert!(!context.is_null());
    unsafe { &*context }
}

/// Runs the body of a thunk. Its `Ok` is the thunk's status; a panic becomes a pending `RustPanic`.
#[inline(always)]
pub fn guard(body: impl FnOnce() -> Result<i32, Raised>) -> i32 {
    DEPTH.with(|depth| depth.set(depth.get() + 1));
    let result = catch_unwind(AssertUnwindSafe(body));
    DEPTH.with(|depth| depth.set(depth.get() - 1));
    match result {
        Ok(Ok(status)) => status,
        Ok(Err(Raised)) => KT_ERROR,
        Err(payload) => panicked(payload),
    }
}

/// Runs a destructor; the VM cannot do anything about its panic.
pub fn guard_drop(body: impl FnOnce()) {
    DEPTH.with(|depth| depth.set(depth.get() + 1));
    let result = catch_unwind(AssertUnwindSafe(body));
    DEPTH.with(|depth| depth.set(depth.get() - 1));
    if let Err(payload) = result {
        let (message, payload) = panic_message(payload);
        std::mem::forget(payload);
        eprintln!("kayton: ignored a panic in a destructor: {message}");
    }
}

#[cold]
fn panicked(payload: Box<dyn Any + Send>) -> i32 {
    let (message, payload) = panic_message(payload);
    // A payload of the plugin's own type may panic again when it is dropped.
    std::mem::forget(payload);
    context().raise("RustPanic", &message);
    KT_PANIC
}

fn panic_message(payload: Box<dyn Any + Send>) -> (String, Box<dyn Any + Send>) {
    let said = if let Some(text) = payload.downcast_ref::<&'static str>() {
        text.to_string()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "panic without a message".to_string()
    };
    let place = PANIC_PLACE.with(|slot| slot.borrow_mut().take());
    let message = match place {
        Some(place) => format!("{said} (at {place})"),
        None => said,
    };
    (message, payload)
}
