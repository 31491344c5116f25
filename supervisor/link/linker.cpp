#include "supervisor/link/linker.h"

#include <llvm/Config/llvm-config.h>
#include <llvm/ExecutionEngine/JITLink/ELF_x86_64.h>
#include <llvm/ExecutionEngine/JITLink/JITLink.h>
#include <llvm/Support/Error.h>

#include <optional>
#include <utility>
#include <vector>

#include "supervisor/link/arena_memory.h"
#include "supervisor/link/debug_lines.h"

namespace kayton {
namespace {

namespace jitlink = llvm::jitlink;
using Addresses = std::unordered_map<std::string, uint64_t>;

// Symbol names are interned strings from LLVM 20 on and plain ones before.
#if LLVM_VERSION_MAJOR >= 20
std::string text(const llvm::orc::SymbolStringPtr& name) {
    return (*name).str();
}
#else
std::string text(llvm::StringRef name) {
    return name.str();
}
#endif

// What became of one link; filled by the context, which JITLink destroys.
struct Outcome {
    Addresses globals;    // symbols that later modules may use
    Addresses functions;  // every function, local ones too
    std::string failure;
    bool finished = false;
};

class ModuleContext : public jitlink::JITLinkContext {
  public:
    ModuleContext(ArenaMemory& memory, const Addresses& worker, const Addresses& modules, Outcome& outcome)
        : JITLinkContext(nullptr), memory_(memory), worker_(worker), modules_(modules), outcome_(outcome) {}

    jitlink::JITLinkMemoryManager& getMemoryManager() override { return memory_; }

    void notifyFailed(llvm::Error error) override { outcome_.failure = llvm::toString(std::move(error)); }

    void lookup(const LookupMap& symbols,
                std::unique_ptr<jitlink::JITLinkAsyncLookupContinuation> continuation) override {
        jitlink::AsyncLookupResult found;
        std::string missing;
        for (const auto& [name, flags] : symbols) {
            const std::string wanted = text(name);
            const std::optional<uint64_t> address = find(wanted);
            if (address) {
                found[name] = {llvm::orc::ExecutorAddr(*address), llvm::JITSymbolFlags::Exported};
            } else if (flags == jitlink::SymbolLookupFlags::WeaklyReferencedSymbol) {
                found[name] = {llvm::orc::ExecutorAddr(), llvm::JITSymbolFlags::Exported};
            } else {
                missing += (missing.empty() ? "" : ", ") + wanted;
            }
        }
        if (!missing.empty()) {
            return continuation->run(llvm::make_error<llvm::StringError>("the worker has no symbol " + missing,
                                                                         llvm::inconvertibleErrorCode()));
        }
        continuation->run(std::move(found));
    }

    llvm::Error notifyResolved(jitlink::LinkGraph& graph) override {
        for (const jitlink::Symbol* symbol : graph.defined_symbols()) {
            if (!symbol->hasName()) continue;
            const std::string name = text(symbol->getName());
            const uint64_t address = symbol->getAddress().getValue();
            if (symbol->getScope() != jitlink::Scope::Local) outcome_.globals[name] = address;
            if (symbol->isCallable()) outcome_.functions[name] = address;
        }
        return llvm::Error::success();
    }

    void notifyFinalized(jitlink::JITLinkMemoryManager::FinalizedAlloc allocation) override {
        allocation.release();
        outcome_.finished = true;
    }

  private:
    [[nodiscard]] std::optional<uint64_t> find(const std::string& name) const {
        for (const Addresses* known : {&modules_, &worker_}) {
            if (const auto found = known->find(name); found != known->end()) return found->second;
        }
        return std::nullopt;
    }

    ArenaMemory& memory_;
    const Addresses& worker_;
    const Addresses& modules_;
    Outcome& outcome_;
};

}  // namespace

struct Linker::Impl {
    Impl(CodeArena& arena, Addresses symbols) : memory(arena), worker(std::move(symbols)) {}

    // A module whose debug information has not been read yet.
    struct Unread {
        std::string object;
        Addresses functions;
    };

    ArenaMemory memory;
    Addresses worker;
    Addresses modules;
    std::vector<Unread> unread;
    CodeTable table;
#if LLVM_VERSION_MAJOR >= 20
    std::shared_ptr<llvm::orc::SymbolStringPool> names = std::make_shared<llvm::orc::SymbolStringPool>();
#endif

    [[nodiscard]] llvm::Expected<std::unique_ptr<jitlink::LinkGraph>> graph_of(llvm::MemoryBufferRef object) const {
#if LLVM_VERSION_MAJOR >= 20
        return jitlink::createLinkGraphFromELFObject_x86_64(object, names);
#else
        return jitlink::createLinkGraphFromELFObject_x86_64(object);
#endif
    }
};

Linker::Linker(CodeArena& arena, std::unordered_map<std::string, uint64_t> worker_symbols)
    : impl_(std::make_unique<Impl>(arena, std::move(worker_symbols))) {}

Linker::~Linker() = default;

Result<uint64_t> Linker::link(std::string object, const std::string& entry) {
    auto graph = impl_->graph_of(llvm::MemoryBufferRef(object, "module"));
    if (!graph) {
        return fail(ErrorKind::kInternal, "cannot read compiled code: " + llvm::toString(graph.takeError()));
    }
    Outcome outcome;
    jitlink::link_ELF_x86_64(std::move(*graph),
                             std::make_unique<ModuleContext>(impl_->memory, impl_->worker, impl_->modules, outcome));
    if (!outcome.finished) {
        if (auto refusal = impl_->memory.take_refusal()) return tl::unexpected(std::move(*refusal));
        return fail(ErrorKind::kInternal, "cannot link compiled code: " + outcome.failure);
    }
    const auto start = outcome.globals.find(entry);
    if (start == outcome.globals.end()) {
        return fail(ErrorKind::kInternal, "compiled code does not define its entry `" + entry + "`");
    }
    const uint64_t address = start->second;
    for (auto& [name, where] : outcome.globals) impl_->modules[name] = where;
    impl_->unread.push_back({std::move(object), std::move(outcome.functions)});
    return address;
}

uint64_t Linker::find(const std::string& symbol) const {
    const auto found = impl_->modules.find(symbol);
    return found == impl_->modules.end() ? 0 : found->second;
}

const CodeTable& Linker::code_table() {
    for (const Impl::Unread& module : impl_->unread) add_debug_lines(module.object, module.functions, impl_->table);
    impl_->unread.clear();
    return impl_->table;
}

}  // namespace kayton
