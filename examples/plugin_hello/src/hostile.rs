//! What a bad library can do. Each harms the worker that runs it, and nothing else; `panic_now` is only an
//! exception.

use kayton_plugin_sdk::prelude::*;

/// Writes to address 0: SIGSEGV.
#[kayton_export]
pub fn crash() {
    let nowhere = std::hint::black_box(std::ptr::null_mut::<i32>());
    unsafe { nowhere.write_volatile(42) };
}

/// SIGABRT.
#[kayton_export]
pub fn abort() {
    std::process::abort();
}

/// Calls itself until the stack ends: SIGSEGV.
#[kayton_export]
pub fn overflow_stack() -> i64 {
    deeper(0)
}

#[inline(never)]
fn deeper(depth: i64) -> i64 {
    let frame = std::hint::black_box([depth; 64]);
    if frame[0] < 0 {
        return 0;
    }
    deeper(depth + 1) + frame[(depth & 63) as usize]
}

/// Ends the process as if all were well.
#[kayton_export]
pub fn exit0() {
    std::process::exit(0);
}

/// Never returns, and looks at nothing: only the end of its process stops it.
#[kayton_export]
pub fn loop_forever() {
    loop {
        std::hint::black_box(());
    }
}

/// Leaves a thread behind that lives as long as the process, as pools of threads do.
#[kayton_export]
pub fn start_thread() {
    std::thread::spawn(|| loop {
        std::thread::park();
    });
}

/// A panic is an exception in Kayton: RustPanic.
#[kayton_export]
pub fn panic_now() {
    panic!("this plugin panics on purpose");
}
