//! Free functions and inherent impl blocks.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, ToTokens};
use syn::spanned::Spanned;
use syn::{FnArg, GenericParam, ImplItem, ItemFn, ItemImpl, LitCStr, Pat, ReturnType, Signature, Type, Visibility};

use crate::options::{documentation, line_of, Options};
use crate::rewrite::{is_receiver_reference, option_argument, with_lifetime};

const WORDS: &[&str] = &["iterator"];

pub fn export_free(function: ItemFn, options: Options) -> syn::Result<TokenStream> {
    options.allow(WORDS)?;
    let ident = &function.sig.ident;
    let path = quote!(#ident);
    let exported = export(&function.sig, path, None, &options, documentation(&function.attrs))?;
    Ok(quote! { #function #exported })
}

pub fn export_impl(mut block: ItemImpl, options: Options) -> syn::Result<TokenStream> {
    options.allow(&[])?;
    if let Some((_, path, _)) = &block.trait_ {
        return Err(syn::Error::new_spanned(
            path,
            "#[kayton_export] stands on inherent impl blocks, not on trait impls",
        ));
    }
    if !block.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            &block.generics,
            "a generic impl block cannot be exported; write one for each instance",
        ));
    }
    let owner = (*block.self_ty).clone();
    let mut exports = Vec::new();
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        let options = Options::take(&mut method.attrs)?;
        options.allow(&["iterator", "skip"])?;
        if options.has("skip") || !matches!(method.vis, Visibility::Public(_)) {
            continue;
        }
        let ident = &method.sig.ident;
        let doc = documentation(&method.attrs);
        exports.push(export(&method.sig, quote!(<#owner>::#ident), Some(&owner), &options, doc)?);
    }
    Ok(quote! { #block #(#exports)* })
}

/// Name of the owner type: the last word of its path.
fn owner_name(owner: &Type) -> syn::Result<String> {
    match owner {
        Type::Path(path) => Ok(path.path.segments.last().expect("a path has segments").ident.to_string()),
        other => Err(syn::Error::new_spanned(other, "only impl blocks of named types can be exported")),
    }
}

fn export(
    sig: &Signature,
    path: TokenStream,
    owner: Option<&Type>,
    options: &Options,
    doc: String,
) -> syn::Result<TokenStream> {
    refuse_unsupported(sig)?;
    let mut params: Vec<(String, Type)> = Vec::new();
    let mut receiver = quote!(None);
    for input in &sig.inputs {
        match input {
            FnArg::Receiver(this) => {
                let owner = owner.ok_or_else(|| syn::Error::new(this.span(), "`self` outside an impl block"))?;
                if this.colon_token.is_some() {
                    return Err(syn::Error::new(this.span(), "only `self`, `&self` and `&mut self` can be exported"));
                }
                let (mode, ty): (_, Type) = match (&this.reference, &this.mutability) {
                    (None, _) => (quote!(Owned), owner.clone()),
                    (Some(_), None) => (quote!(Shared), syn::parse_quote!(&#owner)),
                    (Some(_), Some(_)) => (quote!(Exclusive), syn::parse_quote!(&mut #owner)),
                };
                receiver = mode;
                params.push(("self".to_string(), ty));
            }
            FnArg::Typed(param) => {
                let name = match &*param.pat {
                    Pat::Ident(ident) => ident.ident.to_string().trim_start_matches("r#").to_string(),
                    _ => format!("arg{}", params.len()),
                };
                params.push((name, (*param.ty).clone()));
            }
        }
    }
    let result = match &sig.output {
        ReturnType::Default => syn::parse_quote!(()),
        ReturnType::Type(_, ty) => (**ty).clone(),
    };
    let method = sig.ident.to_string();
    let is_method = sig.receiver().is_some();
    let is_next = is_method && params.len() == 1 && (method == "next" || method == "__next__");
    let iterator = options.has("iterator") || (is_next && option_argument(&result).is_some());
    let returns_self = match owner {
        Some(owner) => is_method && is_receiver_reference(&result, owner),
        None => false,
    };
    let owner_text = owner.map(owner_name).transpose()?.unwrap_or_default();
    let last = match &options.name {
        Some(name) => name.clone(),
        None if iterator => "__next__".to_string(),
        None => method.trim_start_matches("r#").to_string(),
    };
    let name = if owner_text.is_empty() { last } else { format!("{owner_text}.{last}") };
    let shape = Shape { path, owner, params: &params, result: &result, iterator, returns_self, name: &name };
    let record = Record {
        receiver,
        owner_text,
        doc,
        rust: signature_text(sig),
        line: line_of(sig.ident.span()),
        constant: false,
        field: false,
    };
    shape.expand(record)
}

fn refuse_unsupported(sig: &Signature) -> syn::Result<()> {
    let refuse = |tokens: &dyn ToTokens, why: &str| Err(syn::Error::new(tokens.span(), why));
    if let Some(word) = &sig.asyncness {
        return refuse(word, "an async function cannot be exported; block on it inside a plain one");
    }
    if let Some(word) = &sig.unsafety {
        return refuse(word, "an unsafe function cannot be exported; wrap it in a safe one");
    }
    if let Some(param) = sig.generics.params.iter().find(|p| !matches!(p, GenericParam::Lifetime(_))) {
        return refuse(param, "a generic function cannot be exported; write one for each instance");
    }
    Ok(())
}

/// The signature as rustfmt would write it.
fn signature_text(sig: &Signature) -> String {
    let mut text = sig.to_token_stream().to_string();
    for (from, to) in [
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" ,", ","),
        (" :", ":"),
        ("& ", "&"),
        (" < ", "<"),
        (" >", ">"),
        ("< ", "<"),
        (" :: ", "::"),
        (":: ", "::"),
        (",)", ")"),
        ("[ ", "["),
        (" ]", "]"),
        (" <", "<"),
        (" ;", ";"),
    ] {
        text = text.replace(from, to);
    }
    text.replace("->(", "-> (").replace("-> ()", "-> ()")
}

pub struct Record {
    pub receiver: TokenStream,
    pub owner_text: String,
    pub doc: String,
    pub rust: String,
    pub line: u32,
    pub constant: bool,
    pub field: bool,
}

/// One thunk to write: what it calls, with what, for what.
pub struct Shape<'a> {
    pub path: TokenStream,
    pub owner: Option<&'a Type>,
    pub params: &'a [(String, Type)],
    pub result: &'a Type,
    pub iterator: bool,
    pub returns_self: bool,
    /// "Counter.increment"
    pub name: &'a str,
}

impl Shape<'_> {
    /// The thunk, `int32_t f(arg..., R* out)`, and its record.
    pub fn expand(&self, record: Record) -> syn::Result<TokenStream> {
        let sdk = quote!(::kayton_plugin_sdk);
        let path = &self.path;
        let statics: Vec<Type> = self.params.iter().map(|(_, ty)| with_lifetime(ty, "'static", self.owner)).collect();
        let locals: Vec<Type> = self.params.iter().map(|(_, ty)| with_lifetime(ty, "'_", self.owner)).collect();
        let args: Vec<_> = (0..statics.len()).map(|i| format_ident!("a{}", i)).collect();
        let holds: Vec<_> = (0..statics.len()).map(|i| format_ident!("h{}", i)).collect();
        let values: Vec<_> = (0..statics.len()).map(|i| format_ident!("v{}", i)).collect();
        let call_name = LitCStr::new(&std::ffi::CString::new(self.name).expect("no NUL in a name"), Span::call_site());

        let result = with_lifetime(self.result, "'static", self.owner);
        let (out, describe, raises, finish) = if self.returns_self {
            let owner = self.owner.expect("a receiver has an owner");
            (
                quote!(*mut #sdk::kayton_api::KtHandle),
                quote!(|out| <&'static #owner as #sdk::convert::KaytonType>::describe(out)),
                quote!(|| ::core::option::Option::None),
                quote! {
                    let _ = returned;
                    #sdk::guard::context().retain(a0);
                    out.write(a0);
                    ::core::result::Result::Ok(#sdk::kayton_api::KT_OK)
                },
            )
        } else {
            let item = match (self.iterator, option_argument(&result)) {
                (true, Some(item)) => item.clone(),
                (true, None) => {
                    return Err(syn::Error::new_spanned(self.result, "an iterator's function returns `Option<T>`"))
                }
                (false, _) => result,
            };
            let finish = if self.iterator {
                quote!(#sdk::convert_containers::finish_item(returned, out))
            } else {
                quote!(#sdk::convert::IntoReturn::finish(returned, out).map(|()| #sdk::kayton_api::KT_OK))
            };
            (
                quote!(<#item as #sdk::convert::IntoReturn>::Out),
                quote!(|out| <#item as #sdk::convert::IntoReturn>::describe_result(out)),
                quote!(|| <#item as #sdk::convert::IntoReturn>::raises()),
                finish,
            )
        };

        let Record { receiver, owner_text, doc, rust, line, constant, field } = record;
        let (name, iterator, returns_self) = (self.name, self.iterator, self.returns_self);
        let param_names = self.params.iter().map(|(name, _)| name);
        Ok(quote! {
            const _: () = {
                #[allow(clippy::all, unused_mut, unused_variables, unused_unsafe)]
                unsafe extern "C" fn thunk(
                    #(#args: <#statics as #sdk::convert::KaytonType>::Arg,)*
                    out: *mut #out,
                ) -> i32 {
                    #sdk::guard::guard(|| unsafe {
                        #(let mut #holds = <#locals as #sdk::convert::FromKayton<'_>>::acquire(
                            <#locals as #sdk::convert::KaytonType>::stored(&#args))?;)*
                        #(let #values = <#locals as #sdk::convert::FromKayton<'_>>::get(&mut #holds, #call_name);)*
                        let returned = #path(#(#values),*);
                        #finish
                    })
                }
                static FUNCTION: #sdk::export::FunctionExport = #sdk::export::FunctionExport {
                    name: #name,
                    owner: #owner_text,
                    receiver: #sdk::export::Receiver::#receiver,
                    constant: #constant,
                    field: #field,
                    iterator: #iterator,
                    returns_self: #returns_self,
                    params: &[#(#sdk::export::ParamExport {
                        name: #param_names,
                        describe: |out| <#statics as #sdk::convert::KaytonType>::describe(out),
                    }),*],
                    result: #describe,
                    raises: #raises,
                    doc: #doc,
                    rust: #rust,
                    thunk: #sdk::export::ThunkPointer(thunk as *const ()),
                    line: #line,
                };
                #[used]
                #[unsafe(link_section = "kt_exports")]
                static EXPORT: #sdk::export::Export = #sdk::export::Export::Function(&FUNCTION);
            };
        })
    }
}
