//! What generated wrappers are written in: the guarded call ([`call`]), conversions between Kayton's native
//! representations and Rust values ([`values`]), handles with a run-time borrow state ([`handles`]), and registration
//! ([`register`]). Names are short because generated files hold thousands of them.
//!
//! Functions that take raw pointers are `unsafe`: the VM's arguments must be living objects of the declared types, which
//! the compiler checks statically and the registry's signature ids at load. Lifetimes are chosen by the caller: the
//! generator links every value that borrows to the objects it borrows from. One VM, one thread.

mod call;
mod callbacks;
mod dynamic;
mod futures;
mod handles;
mod objects;
mod register;
#[cfg(feature = "serde_core")]
mod serialize;
mod values;
#[cfg(feature = "serde_core")]
mod walk;

pub use call::*;
pub use callbacks::*;
pub use dynamic::*;
pub use futures::*;
pub use handles::*;
pub use kayton_api::{KaytonContext, KtClosure, KtHandle, KtRange, KtTypeOps, KtValue};
pub use objects::*;
pub use register::*;
pub use values::*;
