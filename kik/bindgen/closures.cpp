// CallMapper: Kayton functions as Rust closures.
#include <algorithm>

#include "kik/bindgen/mapping.h"

namespace kayton::bindgen {

namespace {

bool borrows(TypeTable& table, const Ty& type) {
    if (type.kind == TyKind::kRef && table.is_handle(*type.args[0]) && !table.is_copy(*type.args[0])) return true;
    if (table.is_handle(type) && !lifetime_slots(type).empty()) return true;
    return std::any_of(type.args.begin(), type.args.end(), [&](const TyRef& arg) { return borrows(table, *arg); });
}

std::string guard(const Mapped& value, const std::string& code, const std::string& slot, bool lent) {
    if (value.storage == "H") return (lent ? "Lent(" : "Given(") + code + ")";
    if (value.pointer()) return "Given(" + code + ")";
    if (value.storage == "KtValue") return "held_value(" + code + ")";
    return "held(" + code + ", " + slot + ")";
}

bool is_scalar(const Mapped& value) {
    return value.storage == "i64" || value.storage == "f64" || value.storage == "u8";
}

}  // namespace

// `type`: the inputs, then the output. The closure is a Box<dyn Fn>, which has a name where results hold it.
Mapped CallMapper::read_closure(const Ty& type, const std::string& place) {
    std::string kayton, parameters, lets, arguments, native;
    for (size_t i = 0; i + 1 < type.args.size(); ++i) {
        const std::string number = std::to_string(i);
        // What is lent for the call has no owners: it is taken back when the call ends.
        CallMapper inner(table_, call_name_ + "'s function");
        const TyRef& input = type.args[i];
        const Mapped value = inner.result(input, "y" + number);
        const bool lent = borrows(table_, *input);
        if (lent && value.storage != "H")
            throw Unmapped{"a function whose argument holds something borrowed inside a " + value.kayton};
        kayton += (i == 0 ? "" : ", ") + value.kayton;
        parameters += (i == 0 ? "y" : ", y") + number + ": " + table_.names().rust_type(*input);
        native += ", " + std::string(value.aggregate() ? "*const " : "") + value.storage;
        if (is_scalar(value)) {
            lets += "let g" + number + " = " + value.code + "; ";
            arguments += ", g" + number;
        } else {
            const std::string slot =
                value.aggregate() && value.storage != "KtValue"
                    ? "&T[" + std::to_string(table_.composed(value.kayton)) + "]"
                    : "";
            lets += "let g" + number + " = " + guard(value, value.code, slot, lent) + "; ";
            arguments += (value.aggregate() ? ", &g" : ", g") + number + ".0";
        }
    }
    TyRef output = type.args.back();
    // An exception leaves the crate's frames by itself; what comes back is a success.
    bool succeeds = false;
    if (output->is_std_path("Result", "result")) {
        output = output->args.at(0);
        succeeds = true;
    }
    CallMapper inner(table_, call_name_ + "'s function");
    Mapped shape = inner.read(output, "o", false);
    std::string made = "o.assume_init()";
    if (!is_scalar(shape)) {
        const std::string slot = shape.aggregate() && shape.storage != "KtValue"
                                     ? "&T[" + std::to_string(table_.composed(shape.kayton)) + "]"
                                     : "";
        made = guard(shape, made, slot, false);
        CallMapper again(table_, call_name_ + "'s function");
        shape = again.read(output, "o.0", false);
        if (!again.statements.empty()) throw Unmapped{"a function that gives " + shape.kayton};
    }
    const std::string body =
        lets + "let mut o = std::mem::MaybeUninit::<" + shape.storage +
        ">::uninit(); status((std::mem::transmute::<_, unsafe extern \"C\" fn(*mut KtClosure" + native + ", *mut " +
        shape.storage + ") -> i32>(f.code()))(f.raw()" + arguments + ", o.as_mut_ptr()))?; let o = " + made +
        "; let w = " + (succeeds ? "Ok(" + shape.code + ")" : shape.code) + "; Ok(w)";
    Mapped out;
    out.kayton = "Callable[[" + kayton + "], " + shape.kayton + "]";
    out.storage = "Fun";
    out.code = "{ let f = callback(" + place + "); Box::new(move |" + parameters + "| f.run(|| -> Ret<_> { " + body +
               " })) as " + table_.names().rust_type(type) + " }";
    return out;
}

// dyn Fn(A) -> B
Mapped CallMapper::read_bound_closure(const Ty& type, const std::string& place) {
    Ty closure;
    closure.kind = TyKind::kFnPointer;
    closure.name = "closure";
    closure.args = type.bounds[0].args;
    for (const Bound& bound : type.bounds)
        closure.is_mut = closure.is_mut || (!bound.trait.empty() && (bound.trait.back() == "Send" || bound.trait.back() == "Sync"));
    const auto output = type.bounds[0].assoc.find("Output");
    closure.args.push_back(output == type.bounds[0].assoc.end() ? make_tuple({}) : output->second);
    return read_closure(closure, place);
}

}  // namespace kayton::bindgen
