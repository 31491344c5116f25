//! What a wrapper tells the VM at registration, as constant tables.

use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering};

use kayton_api::{KaytonContext, KtStr, KtTypeInfo, KtTypeMeta, KtTypeOps};

use crate::call::{call, set_context};
use crate::handles::H;
use crate::values::{set_scalar_types, S};

enum Kind {
    Handle,
    Exception,
    /// A type that the VM knows by its signature: "list[regex.Match]".
    Composed,
}

/// One type of the wrapper's table; its descriptor is filled in at registration.
pub struct TypeSlot {
    name: &'static str,
    kind: Kind,
    size: usize,
    align: usize,
    ops: KtTypeOps,
    info: AtomicPtr<KtTypeInfo>,
}

pub const NO_OPS: KtTypeOps = KtTypeOps {
    drop: None,
    str: None,
    repr: None,
    eq: None,
    compare: None,
    hash: None,
    len: None,
    clone: None,
    format: None,
};

impl TypeSlot {
    pub const fn handle<T>(name: &'static str, ops: KtTypeOps) -> TypeSlot {
        TypeSlot {
            name,
            kind: Kind::Handle,
            size: size_of::<T>(),
            align: align_of::<T>(),
            ops,
            info: AtomicPtr::new(std::ptr::null_mut()),
        }
    }
    pub const fn exception(name: &'static str) -> TypeSlot {
        TypeSlot {
            name,
            kind: Kind::Exception,
            size: 0,
            align: 1,
            ops: NO_OPS,
            info: AtomicPtr::new(std::ptr::null_mut()),
        }
    }
    pub const fn composed(name: &'static str) -> TypeSlot {
        TypeSlot {
            name,
            kind: Kind::Composed,
            size: 0,
            align: 1,
            ops: NO_OPS,
            info: AtomicPtr::new(std::ptr::null_mut()),
        }
    }
    #[inline(always)]
    pub fn info(&self) -> *const KtTypeInfo {
        self.info.load(Ordering::Relaxed)
    }
}

// The operations are function pointers of a library that is never unloaded.
unsafe impl Sync for TypeSlot {}

macro_rules! operation {
    ($name:ident, ($($from:ty),*), ($($to:ty),*)) => {
        /// A thunk as a type operation: the same ABI, its receiver seen as a plain object.
        pub const fn $name(thunk: unsafe extern "C" fn($($from),*) -> i32) -> Option<unsafe extern "C" fn($($to),*) -> i32> {
            Some(unsafe { std::mem::transmute::<unsafe extern "C" fn($($from),*) -> i32, unsafe extern "C" fn($($to),*) -> i32>(thunk) })
        }
    };
}
operation!(op_str, (H, *mut S), (*mut c_void, *mut *mut KtStr));
operation!(op_repr, (H, *mut S), (*mut c_void, *mut *mut KtStr));
operation!(op_eq, (H, H, *mut u8), (*mut c_void, *mut c_void, *mut u8));
operation!(op_compare, (H, H, *mut i64), (*mut c_void, *mut c_void, *mut i64));
operation!(op_format, (H, S, *mut S), (*mut c_void, *mut KtStr, *mut *mut KtStr));
operation!(op_hash, (H, *mut i64), (*mut c_void, *mut i64));
operation!(op_len, (H, *mut i64), (*mut c_void, *mut i64));
operation!(op_clone, (H, *mut H), (*mut c_void, *mut *mut c_void));

/// A thunk, its stable name and the id of its signature.
pub struct Thunk(pub &'static str, pub *const c_void, pub u64);
unsafe impl Sync for Thunk {}

/// Registers types (handles and exceptions first, then what is composed of them) and thunks. Panics with a message that
/// the bridge reports when the VM refuses one.
pub fn register(context: &KaytonContext, types: &'static [TypeSlot], thunks: &'static [Thunk]) {
    set_context(context);
    set_scalar_types(context);
    let exception = context.get_type("Exception").expect("the VM has no type Exception");
    for composed in [false, true] {
        for slot in types.iter().filter(|slot| matches!(slot.kind, Kind::Composed) == composed) {
            let meta = KtTypeMeta { size: slot.size as u64, align: slot.align as u64, ops: &slot.ops };
            let info = match slot.kind {
                Kind::Composed => context.get_type(slot.name),
                Kind::Handle => context.register_type(slot.name, &meta, None),
                Kind::Exception => context.register_type(slot.name, &meta, Some(exception)),
            };
            match info {
                Ok(info) => slot.info.store(info.cast_mut(), Ordering::Relaxed),
                Err(error) => panic!("type {}: {error}", slot.name),
            }
        }
    }
    for thunk in thunks {
        if let Err(error) = context.register_function(thunk.0, thunk.1, thunk.2) {
            panic!("function {}: {error}", thunk.0);
        }
    }
}

/// The register entry point. A panic is left pending in the VM: where the toolchain has no shared libstd the bridge's
/// copy of it could not catch a panic of the plugin's.
pub fn register_guarded(context: &KaytonContext, types: &'static [TypeSlot], thunks: &'static [Thunk]) {
    set_context(context);
    call(&mut || {
        register(context, types, thunks);
        Ok(())
    });
}

/// The entry points and the build record of a plugin.
#[macro_export]
macro_rules! entry_points {
    ($manifest:expr, $types:expr, $thunks:expr) => {
        #[no_mangle]
        pub fn kayton_plugin_abi_version() -> u32 {
            $crate::ABI_VERSION
        }
        #[no_mangle]
        pub fn kayton_plugin_manifest_json() -> &'static [u8] {
            $manifest
        }
        #[no_mangle]
        pub fn kayton_plugin_register(context: &mut $crate::KaytonContext) {
            $crate::register_guarded(context, $types, $thunks)
        }
        #[no_mangle]
        #[used]
        #[allow(non_upper_case_globals)]
        pub static kayton_plugin_build: $crate::KaytonPluginBuild = $crate::BUILD;
    };
}
pub use kayton_api::{KaytonPluginBuild, BUILD, KAYTON_PLUGIN_ABI_VERSION as ABI_VERSION};
