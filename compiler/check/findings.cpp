// What the names of a program stand for, for editors. While it checks, the checker notes what it finds at each place;
// here the notes of the last pass become words. Functions that nothing calls are guessed at afterwards, with Dynamic
// for what nothing tells: what that gives stands only where nothing better is known.
#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/syntax/visit.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;

namespace {

constexpr size_t kMaxNotes = 8;  // types of one place: a generic function may have thousands of instances

using Places = std::map<std::pair<uint32_t, uint32_t>, NameInfo>;

std::pair<uint32_t, uint32_t> key(Span span) {
    return {span.begin, span.end};
}

// Notes of whole expressions are for completion; what a person points at is a name.
bool is_name(std::string_view text) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               (static_cast<unsigned char>(c) & 0x80U) != 0;
    };
    return !text.empty() && letter(text[0]) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || digit(c); }) && text != "True" &&
           text != "False" && text != "None";
}

template <typename OnExpr>
void walk(const Expr& e, OnExpr&& on_expr) {
    on_expr(e);
    visit_children(e, [&](const Expr& child) { walk(child, on_expr); });
}

template <typename OnExpr>
void walk(Body body, OnExpr&& on_expr) {
    for (const Stmt* s : body)
        visit_children(*s, [&](const Expr& e) { walk(e, on_expr); }, [&](Body inner) { walk(inner, on_expr); });
}

}  // namespace

void Checker::note(Span span, const Entity& what) {
    if (state_ == nullptr || &file() != module_->file) return;
    Entity kept = what;
    if (what.kind == EntityKind::kValue) {
        if (what.value == nullptr) return;
        kept.type = what.value->type;
    }
    kept.value = nullptr;
    if (kept.kind == EntityKind::kNothing) return;
    auto& known = notes_[key(span)];
    const bool there = std::any_of(known.begin(), known.end(), [&](const Entity& e) {
        return e.kind == kept.kind && e.function == kept.function && e.name == kept.name && e.type == kept.type;
    });
    if (!there && known.size() < kMaxNotes) known.push_back(std::move(kept));
}

void Checker::note(Span span, const Type* type) {
    if (state_ == nullptr || &file() != module_->file) return;
    auto& known = notes_[key(span)];
    const bool there = std::any_of(known.begin(), known.end(), [&](const Entity& e) { return e.type == type; });
    if (there || known.size() >= kMaxNotes) return;
    Entity value;
    value.kind = EntityKind::kValue;
    value.type = type;
    known.push_back(std::move(value));
}

// Parameters, by the arguments of every instance.
void Checker::note_parameters() {
    for (const Instance* instance : checked_) {
        const FunctionDecl& decl = *instance->decl;
        if (decl.file != module_->file || decl.is_module) continue;
        for (size_t i = 0; i < decl.params.size() && i < instance->args.size(); ++i) {
            Entity value;
            value.kind = EntityKind::kValue;
            value.type = instance->args[i];
            auto& known = notes_[key(decl.params[i].span)];
            if (known.size() < kMaxNotes) known.push_back(std::move(value));
        }
    }
}

// Checks the module as far as it goes; what it reports is for another time.
void Checker::note_all(const Module& module) {
    const size_t mark = diagnostics_.all().size();
    noting_ = true;
    (void)check(module, false, true);
    note_parameters();
    diagnostics_.rewind(mark);
}

// Members of modules are looked up as the module's body does.
void Checker::as_module_body(const std::function<void()>& work) {
    Instance* body = module_->instances.empty() ? nullptr : module_->instances.front().get();
    if (body == nullptr || body->function == nullptr) return;
    const size_t mark = diagnostics_.all().size();
    FunctionState state;
    state.instance = body;
    state.function = body->function;
    std::vector<TStmt*> unused;
    state.out = &unused;
    state.env.vars.resize(module_->scope.names.size());
    state_ = &state;
    const bool noting = std::exchange(noting_, false);
    work();
    noting_ = noting;
    state_ = nullptr;
    diagnostics_.rewind(mark);
}

// A module, and what it defines, is found in its file.
void Checker::locate(NameInfo& info, const Entity& module) {
    const auto unit = units_.find(module.name);
    if (unit == units_.end()) return;
    const std::string& file = unit->second->body->file->name();
    if (info.kind == "module") {
        info.file = file;
    } else if (info.file.empty()) {
        const auto global = globals_.find(unit->second->prefix + info.name);
        if (global == globals_.end()) return;
        info.file = file;
        info.place = global->second.span;
    }
}

NameInfo Checker::describe_notes(std::string_view name, const std::vector<Entity>& notes) {
    NameInfo info;
    std::vector<std::string> types;
    for (const Entity& note : notes) {
        if (note.kind != EntityKind::kValue) {
            noting_ = true;  // with the types that calls have shown
            info = describe(std::string(name), note);
            noting_ = false;
            if (note.kind == EntityKind::kModule) locate(info, note);
            return info;
        }
        const Type* type = types_.resolve(note.type, true);
        if (type->kind == TypeKind::kNever) continue;
        if (type->kind == TypeKind::kFunctionRef) {
            const auto function = function_refs_.find(type->name);
            if (function != function_refs_.end()) return describe(std::string(name), function->second);
        }
        std::string text = to_string(type);
        if (std::find(types.begin(), types.end(), text) == types.end()) types.push_back(std::move(text));
    }
    if (types.empty()) return info;
    std::string signature = std::string(name) + ": ";
    for (size_t i = 0; i < types.size(); ++i) signature += (i == 0 ? "" : " | ") + types[i];
    return {std::string(name), "instance", std::move(signature), "", "", {}};
}

std::vector<NameInfo> Checker::members_noted(Span object) {
    std::vector<NameInfo> members;
    const auto notes = notes_.find(key(object));
    if (notes == notes_.end()) return members;
    noting_ = true;  // with the types that calls have shown
    for (const Entity& note : notes->second) {
        const size_t first = members.size();
        if (note.kind != EntityKind::kValue) {
            add_members(note, members);
            if (note.kind == EntityKind::kModule)
                for (size_t i = first; i < members.size(); ++i) locate(members[i], note);
        } else if (const Type* type = prune(types_.resolve(note.type, true)); type->kind != TypeKind::kNever) {
            const bool of_class = type->kind == TypeKind::kTypeObject;
            add_members(of_class ? prune(type->args[0]) : type, of_class, members);
        }
    }
    noting_ = false;
    std::stable_sort(members.begin(), members.end(),
                     [](const NameInfo& a, const NameInfo& b) { return a.name < b.name; });
    members.erase(std::unique(members.begin(), members.end(),
                              [](const NameInfo& a, const NameInfo& b) { return a.name == b.name; }),
                  members.end());
    return members;
}

void Checker::known_in(const Module& module, Places& known) {
    std::map<std::pair<uint32_t, uint32_t>, std::vector<NameInfo>> members;  // by object
    const std::string_view text = module.file->text();
    for (const auto& [place, notes] : notes_) {
        const std::string_view name = text.substr(place.first, place.second - place.first);
        if (!is_name(name)) continue;
        NameInfo info = describe_notes(name, notes);
        if (!info.signature.empty()) known.emplace(place, std::move(info));
    }
    walk(module.body, [&](const Expr& e) {
        if (e.kind != ExprKind::kAttribute) return;
        const auto& a = as<AttributeExpr>(e);
        auto [of_object, added] = members.try_emplace(key(a.object->span));
        if (added) of_object->second = members_noted(a.object->span);
        const auto member = std::find_if(of_object->second.begin(), of_object->second.end(),
                                         [&](const NameInfo& m) { return m.name == a.name; });
        NameInfo info = member != of_object->second.end() ? *member : NameInfo{};
        const auto notes = notes_.find(key(e.span));
        if (notes != notes_.end() && (info.signature.empty() || info.kind == "instance" || info.kind == "field")) {
            NameInfo noted = describe_notes(a.name, notes->second);
            if (info.signature.empty())
                info = std::move(noted);
            else if (noted.kind == "instance")
                info.signature = std::move(noted.signature);  // narrowed
        }
        if (!info.signature.empty()) known.emplace(key(a.name_span), std::move(info));
    });
}

std::vector<KnownName> Checker::known_names(const Module& module) {
    Places known;
    note_all(module);
    as_module_body([&] { known_in(module, known); });
    guessing_ = true;
    note_all(module);
    as_module_body([&] { known_in(module, known); });  // places that are known keep what they have
    std::vector<KnownName> names;
    for (auto& [place, info] : known) names.push_back({{place.first, place.second}, std::move(info)});
    return names;
}

std::vector<NameInfo> Checker::members_at(const Module& module, Span object) {
    std::vector<NameInfo> members;
    note_all(module);
    as_module_body([&] { members = members_noted(object); });
    if (!members.empty()) return members;
    guessing_ = true;
    note_all(module);
    as_module_body([&] { members = members_noted(object); });
    return members;
}

}  // namespace kayton::check
