//! The contract between a Kayton worker and its plugins, the Rust side of `shared/kayton_api.h`: object layouts
//! ([`layout`]), the VM's function table and what a plugin does with it ([`KaytonContext`]), and the build record that
//! is compared before any call in the Rust ABI ([`BUILD`]). A test prints sizes, offsets and values of both sides and
//! compares them. A VM is used by one thread; reference counts are not atomic.

#![no_std]

pub mod build_info;
pub mod context;
pub mod layout;

pub use build_info::{KaytonPluginBuild, BUILD, KAYTON_BUILD_MAGIC, RUSTC_COMMIT, RUSTC_RELEASE, TARGET, VERSION};
pub use context::{KaytonError, RawFnPtr, TypeMeta};
pub use layout::*;

/// Raised with every change of the layouts, the function table or the calling convention.
pub const KAYTON_PLUGIN_ABI_VERSION: u32 = 1;

/// Statuses of a thunk.
pub const KT_OK: i32 = 0;
/// An exception is pending in the VM.
pub const KT_ERROR: i32 = 1;
/// The same; it is a `RustPanic`.
pub const KT_PANIC: i32 = 2;
/// An iterator is at its end; the result is untouched.
pub const KT_STOP: i32 = 3;

/// FNV-1a (64 bits) of a canonical signature text, as `kayton::signature_id` computes it.
pub const fn signature_id(signature: &str) -> u64 {
    let bytes = signature.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}
