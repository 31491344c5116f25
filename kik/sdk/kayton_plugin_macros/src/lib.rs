//! `#[kayton_export]`: writes the typed `extern "C"` thunks of functions and methods, the handle glue of types, and one
//! record of each for the manifest and the registration (`kayton_plugin_sdk::export`).

mod function;
mod options;
mod rewrite;
mod types;

use proc_macro::TokenStream;
use syn::{parse_macro_input, Item};

/// On a free function, an inherent impl block (its `pub` functions), a struct or an enum.
///
/// Options: `name = "…"` on functions; `iterator` on a function that returns `Option`; on types `str` (Display), `repr`
/// (Debug), `eq`, `ord`, `hash`, `clone`, `copy`, `error`. Inside: `#[kayton(get)]` on a field, `#[kayton(skip)]`,
/// `#[kayton(name = "…")]` and `#[kayton(iterator)]` on a method.
#[proc_macro_attribute]
pub fn kayton_export(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(arguments as options::Options);
    let item = parse_macro_input!(item as Item);
    let expanded = match item {
        Item::Fn(function) => function::export_free(function, options),
        Item::Impl(block) => function::export_impl(block, options),
        Item::Struct(item) => types::export_struct(item, options),
        Item::Enum(item) => types::export_enum(item, options),
        other => Err(syn::Error::new_spanned(
            other,
            "#[kayton_export] stands on a function, an inherent impl block, a struct or an enum",
        )),
    };
    expanded.unwrap_or_else(|error| error.to_compile_error()).into()
}
