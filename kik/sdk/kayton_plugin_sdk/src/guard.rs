//! The VM a plugin belongs to, and the guard around every call from it: no panic leaves a thunk.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::sync::{Once, OnceLock};
use std::thread::ThreadId;

use kayton_api::{KaytonContext, KT_ERROR, KT_PANIC};

use crate::error::Raised;

static CONTEXT: AtomicPtr<KaytonContext> = AtomicPtr::new(std::ptr::null_mut());

/// How many guarded calls the VM's thread is in: its panics are reported as exceptions, not printed. Written by that
/// thread alone; not a thread-local, which costs more than the rest of the guard in a library loaded at run time.
static DEPTH: AtomicU32 = AtomicU32::new(0);
static VM_THREAD: OnceLock<ThreadId> = OnceLock::new();

thread_local! {
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
        VM_THREAD.get_or_init(|| std::thread::current().id());
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if DEPTH.load(Ordering::Relaxed) == 0 || VM_THREAD.get() != Some(&std::thread::current().id()) {
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
    caught(manifest).unwrap_or_else(|payload| {
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

#[inline(always)]
fn caught<T>(body: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    let depth = DEPTH.load(Ordering::Relaxed);
    DEPTH.store(depth + 1, Ordering::Relaxed);
    let result = catch_unwind(AssertUnwindSafe(body));
    DEPTH.store(depth, Ordering::Relaxed);
    result
}

/// Runs the body of a thunk. Its `Ok` is the thunk's status; a panic becomes a pending `RustPanic`.
#[inline(always)]
pub fn guard(body: impl FnOnce() -> Result<i32, Raised>) -> i32 {
    let result = caught(body);
    match result {
        Ok(Ok(status)) => status,
        Ok(Err(Raised)) => KT_ERROR,
        Err(payload) => panicked(payload),
    }
}

/// Runs a destructor; the VM cannot do anything about its panic.
pub fn guard_drop(body: impl FnOnce()) {
    let result = caught(body);
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
