//! Write Kayton plugins in Rust: `#[kayton_export]` on functions, impl blocks, structs and enums, and one
//! `kayton_module!` at the end. See `kik/sdk/README.md` and `examples/plugin_hello`.
//!
//! [`convert`] says which Rust types cross and as what; [`handle`] how exported types are held and borrowed; [`guard`]
//! runs a call and turns panics into `RustPanic`; [`export`] collects what the macros leave behind and makes the
//! manifest and the registration of it.

pub mod convert;
pub mod convert_containers;
pub mod convert_scalars;
pub mod error;
pub mod export;
pub mod guard;
pub mod handle;
pub mod manifest;
pub mod ops;

pub use error::{Exception, Raised};
pub use kayton_api;
pub use kayton_plugin_macros::kayton_export;

pub mod prelude {
    pub use crate::{kayton_export, kayton_module, Exception};
}

/// Ends a plugin: its name in Kayton programs and its version, both optional (the crate's own), and the entry points.
#[macro_export]
macro_rules! kayton_module {
    ($(name: $name:expr)? $(, version: $version:expr)? $(,)?) => {
        const _: () = {
            #[allow(unused_mut, unused_assignments)]
            const MODULE: $crate::export::Module = {
                let mut module = $crate::export::Module {
                    name: env!("CARGO_CRATE_NAME"),
                    package: env!("CARGO_PKG_NAME"),
                    version: env!("CARGO_PKG_VERSION"),
                };
                $(module.name = $name;)?
                $(module.version = $version;)?
                module
            };
            unsafe extern "C" {
                #[link_name = "__start_kt_exports"]
                static START: $crate::export::Export;
                #[link_name = "__stop_kt_exports"]
                static STOP: $crate::export::Export;
            }
            #[used]
            #[unsafe(link_section = "kt_exports")]
            static ANCHOR: $crate::export::Export = $crate::export::Export::Module(&MODULE);

            fn exports() -> &'static [$crate::export::Export] {
                unsafe { $crate::export::between(&raw const START, &raw const STOP) }
            }
            fn manifest() -> &'static [u8] {
                $crate::manifest::of(&MODULE, exports())
            }
            fn register(context: &$crate::kayton_api::KaytonContext) {
                $crate::export::register(&MODULE, exports(), context)
            }
            $crate::kayton_entry_points! { manifest: manifest(), register: register }
        };
    };
}

/// The three Rust-ABI entry points and the build record. `manifest` is an expression of type `&'static [u8]`,
/// `register` a `fn(&KaytonContext)`. For generated wrappers; `kayton_module!` uses it too.
#[macro_export]
macro_rules! kayton_entry_points {
    (manifest: $manifest:expr, register: $register:expr $(,)?) => {
        #[allow(non_upper_case_globals)]
        #[unsafe(no_mangle)]
        pub static kayton_plugin_build: $crate::kayton_api::KaytonPluginBuild = $crate::kayton_api::BUILD;

        #[unsafe(no_mangle)]
        pub extern "Rust" fn kayton_plugin_abi_version() -> u32 {
            $crate::kayton_api::KAYTON_PLUGIN_ABI_VERSION
        }

        #[unsafe(no_mangle)]
        pub extern "Rust" fn kayton_plugin_manifest_json() -> &'static [u8] {
            $crate::guard::enter_manifest(|| $manifest)
        }

        #[unsafe(no_mangle)]
        pub extern "Rust" fn kayton_plugin_register(context: &mut $crate::kayton_api::KaytonContext) {
            $crate::guard::enter_register(context, $register)
        }
    };
}
