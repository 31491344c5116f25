//! Types as the thunks need them: `Self` spelled out, lifetimes made explicit or left to inference.

use proc_macro2::Span;
use syn::visit_mut::{self, VisitMut};
use syn::{GenericArgument, Lifetime, PathArguments, Type, TypeReference};

/// The type with every lifetime replaced by `lifetime`, and `Self` by `owner`.
pub fn with_lifetime(ty: &Type, lifetime: &str, owner: Option<&Type>) -> Type {
    let mut ty = ty.clone();
    Rewrite { lifetime: Lifetime::new(lifetime, Span::call_site()), owner }.visit_type_mut(&mut ty);
    ty
}

struct Rewrite<'a> {
    lifetime: Lifetime,
    owner: Option<&'a Type>,
}

impl VisitMut for Rewrite<'_> {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        *lifetime = self.lifetime.clone();
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        reference.lifetime = Some(self.lifetime.clone());
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let (Type::Path(path), Some(owner)) = (&*ty, self.owner) {
            if path.qself.is_none() && path.path.is_ident("Self") {
                *ty = owner.clone();
                return;
            }
        }
        visit_mut::visit_type_mut(self, ty);
    }
}

/// `T` of `Option<T>`.
pub fn option_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    if last.ident != "Option" {
        return None;
    }
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    }
}

/// True for `&mut Self` and `&mut Owner`.
pub fn is_receiver_reference(ty: &Type, owner: &Type) -> bool {
    match ty {
        Type::Reference(reference) => {
            reference.mutability.is_some()
                && with_lifetime(&reference.elem, "'static", Some(owner)) == with_lifetime(owner, "'static", None)
        }
        _ => false,
    }
}
