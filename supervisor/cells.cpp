#include "supervisor/cells.h"

#include <cctype>

#include "compiler/syntax/parser.h"

namespace kayton {

Cells::Cells(Session& session, OptLevel opt) : session_(session), opt_(opt) {
    forget();
}

CompileOutcome Cells::compile(std::string name, std::string text) {
    const std::lock_guard lock(compiler_lock_);
    sources_.push_back(std::make_unique<SourceFile>(std::move(name), std::move(text)));
    CompileOptions options;
    options.opt = opt_;
    options.cell = true;
    return compiler_->compile(*sources_.back(), options);
}

Result<RunOutcome> Cells::run(const CompileOutcome& compiled, std::vector<std::string> argv) {
    if (auto ready = session_.wait_ready(); !ready) {
        return tl::unexpected(std::move(ready.error()));
    }
    const SourceFile& source = *sources_.back();
    if (auto added = session_.add_source(source.name(), source.text()); !added) {
        return tl::unexpected(std::move(added.error()));
    }
    for (const auto& [file, content] : compiled.imported) {
        if (auto added = session_.add_source(file, content); !added) {
            return tl::unexpected(std::move(added.error()));
        }
    }
    if (step_) {
        const std::lock_guard lock(compiler_lock_);
        session_.begin_step(*std::exchange(step_, std::nullopt), compiler_->before_last_cell());
    }
    auto outcome = session_.run(compiled.module, std::move(argv));
    const std::lock_guard lock(compiler_lock_);
    if (!outcome) {
        compiler_->forget_last_cell();
        session_.begin_step({}, nullptr);
    } else if (outcome->worker_end && outcome->recovery != Recovery::kNone) {
        compiler_->forget_last_cell(outcome->lost);
    } else if (outcome->finished && !outcome->finished->exception_class.empty()) {
        session_.set_globals(compiler_->last_cell_failed());
    }
    return outcome;
}

Result<void> Cells::start_again() {
    forget();
    return session_.restart();
}

Result<RunOutcome> Cells::run_again(uint64_t entry, std::vector<std::string> argv) {
    return names_kept(session_.run_at(entry, std::move(argv)));
}

Result<RunOutcome> Cells::run_program(std::vector<std::string> argv) {
    if (step_) {
        const std::lock_guard lock(compiler_lock_);
        session_.begin_step(*std::exchange(step_, std::nullopt), compiler_->state());
    }
    return names_kept(session_.run_program(std::move(argv)));
}

// The compiler has compiled nothing for the run, and follows a worker that goes on from before it.
Result<RunOutcome> Cells::names_kept(Result<RunOutcome> outcome) {
    if (outcome && outcome->worker_end && outcome->recovery != Recovery::kNone) {
        const std::lock_guard lock(compiler_lock_);
        compiler_->return_to(*compiler_->state(), outcome->lost);
    }
    return outcome;
}

Result<WentBack> Cells::undo(size_t count) {
    return follow(session_.undo(count));
}

Result<std::string> Cells::name_state(const std::string& name) {
    const std::lock_guard lock(compiler_lock_);
    return session_.name_state(name, compiler_->state());
}

Result<WentBack> Cells::restore(const std::string& name) {
    std::shared_ptr<const check::SessionState> now;
    {
        const std::lock_guard lock(compiler_lock_);
        now = compiler_->state();
    }
    return follow(session_.restore(name, std::move(now)));
}

// The compiler goes where the session went.
Result<WentBack> Cells::follow(Result<WentBack> back) {
    if (back) {
        const std::lock_guard lock(compiler_lock_);
        compiler_->return_to(*back->names, back->lost);
    } else if (!session_.alive()) {
        if (auto again = start_again(); !again) {
            return tl::unexpected(std::move(again.error()));
        }
        back.error().message += "; another worker goes on, without variables";
    }
    return back;
}

Result<void> Cells::reread_environment() {
    const Environment& old = session_.options().environment;
    auto environment = open_environment(old.name, old.root);
    if (!environment) {
        return tl::unexpected(std::move(environment.error()));
    }
    session_.set_environment(*environment);
    const std::lock_guard lock(compiler_lock_);
    compiler_->set_environment(std::move(*environment));
    return {};
}

void Cells::forget() {
    auto fresh = std::make_unique<Compiler>(session_.options().environment);
    const std::lock_guard lock(compiler_lock_);
    compiler_ = std::move(fresh);
}

Cells::Completeness Cells::completeness(const std::string& text) {
    switch (syntax::completeness(text)) {
        case syntax::Completeness::kComplete: return Completeness::kComplete;
        case syntax::Completeness::kIncomplete: return Completeness::kIncomplete;
        case syntax::Completeness::kInvalid: break;
    }
    return Completeness::kInvalid;
}

size_t Cells::next_line_magic(const std::string& text) {
    for (size_t at = text.find("\n%"); at != std::string::npos; at = text.find("\n%", at + 1)) {
        const size_t line = at + 1;
        if (line + 1 < text.size() && std::isalpha(static_cast<unsigned char>(text[line + 1])) != 0 &&
            completeness(text.substr(0, line) + "\n") == Completeness::kComplete) {
            return line;
        }
    }
    return std::string::npos;
}

std::vector<NameInfo> Cells::visible_names() const {
    const std::lock_guard lock(compiler_lock_);
    return compiler_->visible_names();
}

std::vector<NameInfo> Cells::members_of(const std::string& expression) const {
    const std::lock_guard lock(compiler_lock_);
    return compiler_->members_of(expression);
}

Description Cells::describe(const std::string& expression) const {
    const std::lock_guard lock(compiler_lock_);
    return compiler_->describe(expression);
}

std::string Cells::definition_of(const std::string& name) const {
    const std::lock_guard lock(compiler_lock_);
    return compiler_->definition_of(name);
}

std::vector<std::pair<std::string, std::string>> Cells::names() const {
    const std::lock_guard lock(compiler_lock_);
    return compiler_->names();
}

}  // namespace kayton
