#include "compiler/compile.h"

#include <pthread.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>

#include "compiler/check/checker.h"
#include "compiler/check/session_state.h"
#include "compiler/codegen/target.h"
#include "compiler/kir/lower.h"
#include "compiler/syntax/parser.h"

namespace kayton {

namespace {

// Phases recurse on the tree, which may be a few thousand levels deep: they run on a thread with room for that.
constexpr size_t kStackSize = size_t{512} << 20;  // reserved, not touched

void run_with_deep_stack(const std::function<void()>& work) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStackSize);
    pthread_t thread{};
    auto entry = [](void* argument) -> void* {
        (*static_cast<const std::function<void()>*>(argument))();
        return nullptr;
    };
    const int failed = pthread_create(&thread, &attributes, entry, const_cast<std::function<void()>*>(&work));
    pthread_attr_destroy(&attributes);
    if (failed != 0) {
        work();
        return;
    }
    pthread_join(thread, nullptr);
}

}  // namespace

struct Compiler::Impl {
    std::deque<SourceFile> questions;  // texts of members_of and describe
    explicit Impl(Environment env) : environment(std::move(env)), checker(environment, diagnostics) {}

    Environment environment;
    DiagnosticEngine diagnostics;
    syntax::AstArena trees;  // of all cells: functions are instantiated from them later
    check::Checker checker;
    int modules = 0;

    CompileOutcome compile(const SourceFile& file, const CompileOptions& options) {
        CompileOutcome outcome;
        diagnostics.clear();
        syntax::Module module = syntax::parse_module(file, trees, diagnostics);
        typed::TypedProgram program;
        if (!diagnostics.has_errors()) {
            program = checker.check(module, options.cell, options.check_only);
            outcome.import_errors = checker.take_import_errors();
            outcome.imported = checker.take_imported();
            outcome.sought_in_vain = checker.take_sought_in_vain();
        }
        outcome.diagnostics = diagnostics.all();
        outcome.ok = !diagnostics.has_errors() && outcome.import_errors.empty();
        if (!outcome.ok || options.check_only) return outcome;
        const std::string name = "m" + std::to_string(++modules);
        Result<CompiledModule> object = generate_object(program, name, options.opt, environment);
        if (!object) {
            outcome.ok = false;
            outcome.import_errors.push_back(object.error());
            return outcome;
        }
        outcome.module = std::move(*object);
        if (options.cell) {
            outcome.module.globals = globals();
            outcome.used = checker.used_names();
            outcome.changed = checker.changed_names();
        }
        return outcome;
    }

    syntax::Module question(const std::string& expression) {
        diagnostics.clear();
        return syntax::parse_module(questions.emplace_back("<cell question>", expression), trees, diagnostics);
    }

    [[nodiscard]] std::vector<SessionGlobal> globals() const {
        std::vector<SessionGlobal> all;
        for (auto& [global, symbol, type] : checker.values()) all.push_back({std::move(global), std::move(symbol), std::move(type)});
        return all;
    }
};

Compiler::Compiler(Environment environment) : impl_(std::make_unique<Impl>(std::move(environment))) {}
Compiler::~Compiler() = default;

CompileOutcome Compiler::compile(const SourceFile& file, const CompileOptions& options) {
    CompileOutcome outcome;
    run_with_deep_stack([&] { outcome = impl_->compile(file, options); });
    return outcome;
}

void Compiler::warm_up() { (void)codegen::target_for(OptLevel::kO2); }

std::string Compiler::target_identity() { return codegen::host_processor().name + " " + codegen::host_processor().features; }

std::vector<SessionGlobal> Compiler::last_cell_failed() {
    impl_->checker.last_cell_failed();
    return impl_->globals();
}

void Compiler::set_environment(Environment environment) {
    impl_->environment = environment;
    impl_->checker.set_environment(std::move(environment));
}

std::shared_ptr<const check::SessionState> Compiler::state() const { return impl_->checker.state(); }

std::shared_ptr<const check::SessionState> Compiler::before_last_cell() const { return impl_->checker.before_last_cell(); }

void Compiler::return_to(const check::SessionState& state, const std::vector<std::string>& lost) { impl_->checker.return_to(state, lost); }

void Compiler::forget_last_cell(const std::vector<std::string>& lost) { impl_->checker.forget_last_cell(lost); }

std::string Compiler::definition_of(const std::string& name) const {
    const auto state = impl_->checker.state();
    const auto global = state->globals.find(name);
    return global == state->globals.end() ? std::string() : std::string(global->second.definition);
}

std::vector<NameInfo> Compiler::visible_names() { return impl_->checker.visible_names(); }

std::vector<NameInfo> Compiler::members_of(const std::string& expression) {
    std::vector<NameInfo> members;
    run_with_deep_stack([&] {
        const syntax::Module module = impl_->question(expression);
        if (!impl_->diagnostics.has_errors()) members = impl_->checker.members_of(module);
        impl_->diagnostics.clear();
    });
    return members;
}

Description Compiler::describe(const std::string& expression) {
    Description description;
    run_with_deep_stack([&] {
        const syntax::Module module = impl_->question(expression);
        if (!impl_->diagnostics.has_errors()) description.name = impl_->checker.description_of(module);
        description.diagnostics = impl_->diagnostics.all();
        impl_->diagnostics.clear();
    });
    return description;
}

std::vector<KnownName> Compiler::known_names(const SourceFile& file) {
    std::vector<KnownName> names;
    run_with_deep_stack([&] {
        impl_->diagnostics.clear();
        names = impl_->checker.known_names(syntax::parse_module(file, impl_->trees, impl_->diagnostics));
    });
    return names;
}

std::vector<NameInfo> Compiler::members_at(const SourceFile& file, Span object) {
    std::vector<NameInfo> members;
    run_with_deep_stack([&] {
        impl_->diagnostics.clear();
        members = impl_->checker.members_at(syntax::parse_module(file, impl_->trees, impl_->diagnostics), object);
    });
    return members;
}

std::vector<std::pair<std::string, std::string>> Compiler::names() const { return impl_->checker.names(); }

}  // namespace kayton
