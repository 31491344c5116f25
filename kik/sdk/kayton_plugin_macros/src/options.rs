//! The words in `#[kayton_export(…)]` and `#[kayton(…)]`.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Token};

#[derive(Default)]
pub struct Options {
    pub name: Option<String>,
    words: Vec<Ident>,
}

impl Parse for Options {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut options = Options::default();
        while !input.is_empty() {
            let word: Ident = input.parse()?;
            if word == "name" {
                input.parse::<Token![=]>()?;
                options.name = Some(input.parse::<LitStr>()?.value());
            } else {
                options.words.push(word);
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

impl Options {
    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|w| w == word)
    }

    /// Refuses words that mean nothing here.
    pub fn allow(&self, known: &[&str]) -> syn::Result<()> {
        match self.words.iter().find(|word| !known.iter().any(|k| word == k)) {
            None => Ok(()),
            Some(word) => {
                Err(syn::Error::new(word.span(), format!("`{word}` is no option here; known: {}", known.join(", "))))
            }
        }
    }

    /// Takes `#[kayton(…)]` off an item.
    pub fn take(attributes: &mut Vec<Attribute>) -> syn::Result<Options> {
        let mut options = Options::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("kayton")) {
            let more: Options = attribute.parse_args()?;
            options.name = options.name.or(more.name);
            options.words.extend(more.words);
        }
        attributes.retain(|a| !a.path().is_ident("kayton"));
        Ok(options)
    }
}

/// First paragraph of the documentation, as one line.
pub fn documentation(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|a| a.path().is_ident("doc")) {
        if let Meta::NameValue(pair) = &attribute.meta {
            if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value {
                lines.push(text.value().trim().to_string());
            }
        }
    }
    let paragraph: Vec<_> =
        lines.into_iter().skip_while(String::is_empty).take_while(|line| !line.is_empty()).collect();
    paragraph.join(" ")
}

pub fn line_of(span: Span) -> u32 {
    span.start().line as u32
}
