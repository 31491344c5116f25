//! Futures of crates, waited for where they are made: the program sees plain functions. Where the crate knows tokio they
//! run on a runtime of the plugin's own, on the thread that calls; tasks that a crate spawns go on whenever one is
//! waited for. Elsewhere the thread sleeps until the future's waker wakes it.

use std::future::{Future, IntoFuture};

#[cfg(feature = "tokio")]
fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: std::sync::OnceLock<tokio::runtime::Runtime> = std::sync::OnceLock::new();
    RUNTIME.get_or_init(|| {
        // One thread: a checkpoint is a fork, which other threads would not be in.
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime for the crate's futures")
    })
}

#[cfg(feature = "tokio")]
pub fn wait<F: IntoFuture>(make: impl FnOnce() -> F) -> F::Output {
    runtime().block_on(async move { make().await })
}

/// What looks for the runtime while it is made, as timers and sockets do.
#[cfg(feature = "tokio")]
pub fn entered<T>(make: impl FnOnce() -> T) -> T {
    let _context = runtime().enter();
    make()
}

#[cfg(not(feature = "tokio"))]
pub fn entered<T>(make: impl FnOnce() -> T) -> T {
    make()
}

#[cfg(not(feature = "tokio"))]
struct Unpark(std::thread::Thread);

#[cfg(not(feature = "tokio"))]
impl std::task::Wake for Unpark {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(not(feature = "tokio"))]
pub fn wait<F: IntoFuture>(make: impl FnOnce() -> F) -> F::Output {
    let waker = std::task::Waker::from(std::sync::Arc::new(Unpark(std::thread::current())));
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(make().into_future());
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::park();
    }
}
