//! Structs and enums: handles of the VM, with the operations that the options name.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Fields, Generics, Ident, ItemEnum, ItemStruct, Type};

use crate::function::{Record, Shape};
use crate::options::{documentation, line_of, Options};

const WORDS: &[&str] = &["str", "repr", "eq", "ord", "hash", "clone", "copy", "error"];

pub fn export_struct(mut item: ItemStruct, options: Options) -> syn::Result<TokenStream> {
    options.allow(WORDS)?;
    let ident = item.ident.clone();
    let owner: Type = syn::parse_quote!(#ident);
    let mut getters = Vec::new();
    if let Fields::Named(fields) = &mut item.fields {
        for field in &mut fields.named {
            let field_options = Options::take(&mut field.attrs)?;
            field_options.allow(&["get"])?;
            if field_options.has("get") {
                let name = field.ident.clone().expect("a named field");
                getters.push(getter(&ident, &owner, &name, &field.ty, documentation(&field.attrs))?);
            }
        }
    }
    let kind = if options.has("error") { quote!(Error) } else { quote!(Struct) };
    let glue = type_glue(&ident, &item.generics, &item.attrs, &options, kind, &[], false)?;
    let protocol = protocol_methods(&ident, &owner, &options, false)?;
    Ok(quote! { #item #glue #(#getters)* #protocol })
}

pub fn export_enum(item: ItemEnum, options: Options) -> syn::Result<TokenStream> {
    options.allow(WORDS)?;
    let ident = &item.ident;
    let owner: Type = syn::parse_quote!(#ident);
    let units: Vec<_> = item.variants.iter().filter(|v| matches!(v.fields, Fields::Unit)).collect();
    let plain = units.len() == item.variants.len() && !options.has("error");
    let names: Vec<String> = units.iter().map(|v| v.ident.to_string()).collect();
    let mut constants = Vec::new();
    if !options.has("error") {
        for variant in &units {
            let name = &variant.ident;
            let rust = format!("{ident}::{name}");
            let maker = quote!((|| #ident::#name));
            constants.push(
                Shape {
                    path: maker,
                    owner: None,
                    params: &[],
                    result: &owner,
                    iterator: false,
                    returns_self: false,
                    name: &format!("{ident}.{name}"),
                }
                .expand(Record {
                    receiver: quote!(None),
                    owner_text: ident.to_string(),
                    doc: documentation(&variant.attrs),
                    rust,
                    line: line_of(name.span()),
                    constant: true,
                    field: false,
                })?,
            );
        }
    }
    let kind = if options.has("error") { quote!(Error) } else { quote!(Enum) };
    let glue = type_glue(ident, &item.generics, &item.attrs, &options, kind, &names, plain)?;
    let plain_ops = if plain { plain_enum_ops(ident, &names) } else { quote!() };
    let protocol = protocol_methods(ident, &owner, &options, plain)?;
    Ok(quote! { #item #glue #plain_ops #(#constants)* #protocol })
}

/// A read-only attribute: `value.name`.
fn getter(ident: &Ident, owner: &Type, name: &Ident, ty: &Type, doc: String) -> syn::Result<TokenStream> {
    let params = [("self".to_string(), syn::parse_quote!(&#owner))];
    Shape {
        path: quote!((|value: &#owner| ::core::clone::Clone::clone(&value.#name))),
        owner: Some(owner),
        params: &params,
        result: ty,
        iterator: false,
        returns_self: false,
        name: &format!("{ident}.{name}"),
    }
    .expand(Record {
        receiver: quote!(Shared),
        owner_text: ident.to_string(),
        doc,
        rust: format!("pub {name}: {}", quote!(#ty)),
        line: line_of(name.span()),
        constant: false,
        field: true,
    })
}

fn type_glue(
    ident: &Ident,
    generics: &Generics,
    attributes: &[Attribute],
    options: &Options,
    kind: TokenStream,
    variants: &[String],
    plain: bool,
) -> syn::Result<TokenStream> {
    if !generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            generics,
            "a generic type cannot be exported; export a newtype of each instance",
        ));
    }
    let sdk = quote!(::kayton_plugin_sdk);
    let op = |word: &str, path: TokenStream| {
        if options.has(word) {
            quote!(::core::option::Option::Some(#path))
        } else {
            quote!(::core::option::Option::None)
        }
    };
    let str_op = op("str", quote!(#sdk::ops::str::<#ident>));
    let compare = op("ord", quote!(#sdk::ops::compare::<#ident>));
    let clone = op("clone", quote!(#sdk::ops::clone::<#ident>));
    let (repr, eq, hash) = if plain {
        // Even without derives a plain enum prints as its variant and compares by it.
        (
            quote!(::core::option::Option::Some(plain::repr)),
            quote!(::core::option::Option::Some(plain::eq)),
            quote!(::core::option::Option::Some(plain::hash)),
        )
    } else {
        (
            op("repr", quote!(#sdk::ops::repr::<#ident>)),
            op("eq", quote!(#sdk::ops::eq::<#ident>)),
            op("hash", quote!(#sdk::ops::hash::<#ident>)),
        )
    };
    let plain_use = if plain {
        let module = plain_module(ident);
        quote!(use #module as plain;)
    } else {
        quote!()
    };
    let (is_clone, is_copy, is_error) =
        (options.has("clone") || options.has("copy"), options.has("copy"), options.has("error"));
    let copy_check =
        if is_copy { quote!(const _: fn() = || { fn check<T: Copy>() {} check::<#ident>(); };) } else { quote!() };
    let (name, doc, line) = (ident.to_string(), documentation(attributes), line_of(ident.span()));
    let conversions = if is_error { quote!() } else { conversions(ident) };
    // Errors have no values in the VM: their class carries the text, so handle operations do not apply.
    let (str_op, repr, eq, compare, hash, clone) = if is_error {
        let none = quote!(::core::option::Option::None);
        (none.clone(), none.clone(), none.clone(), none.clone(), none.clone(), none)
    } else {
        (str_op, repr, eq, compare, hash, clone)
    };
    Ok(quote! {
        const _: () = {
            #plain_use
            #copy_check
            static TYPE: #sdk::export::TypeExport = #sdk::export::TypeExport {
                name: #name,
                rust: concat!(module_path!(), "::", #name),
                kind: #sdk::export::TypeKind::#kind,
                clone: #is_clone,
                copy: #is_copy,
                variants: &[#(#variants),*],
                doc: #doc,
                size: ::core::mem::size_of::<#ident>(),
                align: ::core::mem::align_of::<#ident>(),
                ops: #sdk::kayton_api::KtTypeOps {
                    drop: ::core::option::Option::None,
                    str: #str_op,
                    repr: #repr,
                    eq: #eq,
                    compare: #compare,
                    hash: #hash,
                    len: ::core::option::Option::None,
                    clone: #clone,
                    format: ::core::option::Option::None,
                },
                slot: #sdk::handle::TypeSlot::new(),
                id: || ::core::any::TypeId::of::<#ident>(),
                line: #line,
            };
            #[used]
            #[unsafe(link_section = "kt_exports")]
            static EXPORT: #sdk::export::Export = #sdk::export::Export::Type(&TYPE);

            impl #sdk::handle::Exported for #ident {
                const COPY: bool = #is_copy;
                fn export() -> &'static #sdk::export::TypeExport {
                    &TYPE
                }
            }
            #conversions
        };
    })
}

/// `T`, `&T` and `&mut T` as parameters, `T` as a result.
fn conversions(ident: &Ident) -> TokenStream {
    let sdk = quote!(::kayton_plugin_sdk);
    let forms = quote! {
        type Stored = *mut #sdk::kayton_api::KtHandle;
        type Arg = Self::Stored;
        type OptionStored = Self::Stored;
        type OptionArg = Self::Stored;
        fn describe(out: &mut ::std::string::String) {
            #sdk::handle::describe_exported::<#ident>(out)
        }
        #[inline(always)]
        fn stored(arg: &Self::Arg) -> *const Self::Stored {
            arg
        }
        fn option_stored(arg: &Self::Arg) -> *const Self::Stored {
            arg
        }
        unsafe fn option_load(stored: *const Self::Stored) -> *const Self::Stored {
            if unsafe { *stored }.is_null() { ::core::ptr::null() } else { stored }
        }
        unsafe fn option_store(value: *const Self::Stored) -> Self::Stored {
            if value.is_null() { ::core::ptr::null_mut() } else { unsafe { *value } }
        }
    };
    let from = |lifetime: TokenStream, ty: TokenStream, hold: TokenStream, get: TokenStream| {
        quote! {
            unsafe impl #lifetime #sdk::convert::KaytonType for #ty { #forms }
            unsafe impl<'a> #sdk::convert::FromKayton<'a> for #ty {
                type Hold = #sdk::handle::#hold<#ident>;
                #[inline(always)]
                unsafe fn acquire(stored: *const Self::Stored) -> ::core::result::Result<Self::Hold, #sdk::Raised> {
                    unsafe { #sdk::handle::#hold::acquire(*stored) }
                }
                #[inline(always)]
                unsafe fn get(hold: &'a mut Self::Hold, call: &'static ::core::ffi::CStr) -> Self {
                    #get
                }
            }
        }
    };
    let owned = from(quote!(), quote!(#ident), quote!(Exclusive), quote!(hold.take(call)));
    let shared = from(
        quote!(<'a>),
        quote!(&'a #ident),
        quote!(Shared),
        quote!({
            let _ = call;
            hold.value()
        }),
    );
    let exclusive = from(
        quote!(<'a>),
        quote!(&'a mut #ident),
        quote!(Exclusive),
        quote!({
            let _ = call;
            hold.value_mut()
        }),
    );
    quote! {
        #owned
        #shared
        #exclusive
        impl #sdk::convert::IntoKayton for #ident {
            #[inline]
            unsafe fn store(self, out: *mut Self::Stored) -> ::core::result::Result<(), #sdk::Raised> {
                unsafe { out.write(#sdk::handle::new_handle(self)) };
                ::core::result::Result::Ok(())
            }
        }
    }
}

fn plain_module(ident: &Ident) -> Ident {
    format_ident!("__kayton_plain_{}", ident)
}

/// repr, eq and hash of an enum of unit variants, without asking for derives.
fn plain_enum_ops(ident: &Ident, names: &[String]) -> TokenStream {
    let sdk = quote!(::kayton_plugin_sdk);
    let module = plain_module(ident);
    let variants: Vec<_> = names.iter().map(|name| format_ident!("{}", name)).collect();
    let shown: Vec<_> = names.iter().map(|name| format!("{ident}.{name}")).collect();
    quote! {
        #[doc(hidden)]
        #[allow(non_snake_case)]
        mod #module {
            use super::#ident;
            pub fn name(value: &#ident) -> &'static str {
                match value { #(#ident::#variants => #shown),* }
            }
            pub fn same(a: &#ident, b: &#ident) -> bool {
                ::core::mem::discriminant(a) == ::core::mem::discriminant(b)
            }
            pub fn hash_of(value: &#ident) -> i64 {
                #sdk::ops::hash_of(&::core::mem::discriminant(value))
            }
            pub unsafe extern "C" fn repr(object: *mut ::core::ffi::c_void, out: *mut *mut #sdk::kayton_api::KtStr) -> i32 {
                #sdk::guard::guard(|| unsafe {
                    out.write(#sdk::guard::context().str_new(name(#sdk::handle::peek::<#ident>(object)?)));
                    ::core::result::Result::Ok(#sdk::kayton_api::KT_OK)
                })
            }
            pub unsafe extern "C" fn eq(a: *mut ::core::ffi::c_void, b: *mut ::core::ffi::c_void, out: *mut u8) -> i32 {
                #sdk::guard::guard(|| unsafe {
                    out.write(same(#sdk::handle::peek::<#ident>(a)?, #sdk::handle::peek::<#ident>(b)?) as u8);
                    ::core::result::Result::Ok(#sdk::kayton_api::KT_OK)
                })
            }
            pub unsafe extern "C" fn hash(object: *mut ::core::ffi::c_void, out: *mut i64) -> i32 {
                #sdk::guard::guard(|| unsafe {
                    out.write(hash_of(#sdk::handle::peek::<#ident>(object)?));
                    ::core::result::Result::Ok(#sdk::kayton_api::KT_OK)
                })
            }
        }
    }
}

/// The same operations as functions of the manifest, by which the compiler knows what the type can do.
fn protocol_methods(ident: &Ident, owner: &Type, options: &Options, plain: bool) -> syn::Result<TokenStream> {
    if options.has("error") {
        return Ok(quote!());
    }
    let sdk = quote!(::kayton_plugin_sdk);
    let module = plain_module(ident);
    let text: Type = syn::parse_quote!(::std::string::String);
    let (boolean, integer): (Type, Type) = (syn::parse_quote!(bool), syn::parse_quote!(i64));
    let mut out = TokenStream::new();
    let mut add = |name: &str, binary: bool, result: &Type, path: TokenStream| -> syn::Result<()> {
        let mut params: Vec<(String, Type)> = vec![("self".to_string(), syn::parse_quote!(&#owner))];
        if binary {
            params.push(("other".to_string(), syn::parse_quote!(&#owner)));
        }
        out.extend(
            Shape {
                path,
                owner: Some(owner),
                params: &params,
                result,
                iterator: false,
                returns_self: false,
                name: &format!("{ident}.{name}"),
            }
            .expand(Record {
                receiver: quote!(Shared),
                owner_text: ident.to_string(),
                doc: String::new(),
                rust: format!("impl for {ident}"),
                line: line_of(ident.span()),
                constant: false,
                field: false,
            })?,
        );
        Ok(())
    };
    if options.has("str") {
        add("__str__", false, &text, quote!(::std::string::ToString::to_string))?;
    }
    if plain {
        add("__repr__", false, &text, quote!((|v: &#owner| ::std::string::String::from(#module::name(v)))))?;
        add("__eq__", true, &boolean, quote!(#module::same))?;
        add("__hash__", false, &integer, quote!(#module::hash_of))?;
    } else {
        if options.has("repr") {
            add("__repr__", false, &text, quote!((|v: &#owner| ::std::format!("{:?}", v))))?;
        }
        if options.has("eq") {
            add("__eq__", true, &boolean, quote!((|a: &#owner, b: &#owner| a == b)))?;
        }
        if options.has("hash") {
            add("__hash__", false, &integer, quote!(#sdk::ops::hash_of))?;
        }
    }
    if options.has("ord") {
        add("__lt__", true, &boolean, quote!((|a: &#owner, b: &#owner| a < b)))?;
        add("__le__", true, &boolean, quote!((|a: &#owner, b: &#owner| a <= b)))?;
        add("__gt__", true, &boolean, quote!((|a: &#owner, b: &#owner| a > b)))?;
        add("__ge__", true, &boolean, quote!((|a: &#owner, b: &#owner| a >= b)))?;
    }
    if options.has("clone") {
        add("clone", false, owner, quote!(<#owner as ::core::clone::Clone>::clone))?;
    }
    Ok(out)
}
