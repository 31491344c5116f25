// Lowers a whole typed program: functions, literals, what the module needs of the VM at start-up. FunctionLowering asks
// it for functions and data; both are interned, so nothing is emitted that no code uses.
// Lives during one generate_object; one thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "compiler/kir/borrowing.h"
#include "compiler/kir/generator_shape.h"
#include "compiler/kir/ir.h"
#include "compiler/kir/layout.h"
#include "shared/environment.h"
#include "shared/result.h"

namespace kayton::kir {

class ProgramLowering {
  public:
    ProgramLowering(const typed::TypedProgram& program, const Environment& environment, std::string module_name);
    [[nodiscard]] Result<Module> lower();

    // --- asked by FunctionLowering
    [[nodiscard]] const typed::TypedProgram& program() const { return program_; }
    uint32_t function(const typed::Function* callee);   // position in Module::functions
    // The same function called with its KtClosure first, as values of a Callable type are.
    uint32_t closure_entry(const typed::Function* callee);
    uint32_t generator_guard();                         // an exception leaves a generator: no StopIteration does
    uint32_t closure_drop(uint32_t captures);           // releases that many cells of a KtClosure
    DataId str_literal(std::string_view text);
    DataId bytes_literal(std::string_view text);
    DataId c_string(std::string_view text);
    DataId frame_info(const typed::Function& function, std::string_view name);
    DataId runtime_symbol(std::string_view name);
    DataId type_slot(const std::string& signature);
    DataId plugin_slot(uint32_t plugin_function);
    DataId global(uint32_t index);
    // kind of address a type's KtTypeInfo is found at: a symbol of the worker itself, or a slot to load from
    [[nodiscard]] static const char* type_symbol(const types::Type* type);
    [[nodiscard]] const typed::Class* class_of(const types::Type* type) const;
    // May the function be entered again while it runs (calls in a cycle, or through a value)?
    [[nodiscard]] bool is_recursive(const typed::Function* function) const { return recursive_.contains(function); }
    // Can the program tell how deep its calls go? Then they are counted, as CPython does.
    [[nodiscard]] bool counts_calls() const { return counts_calls_; }
    // Does a class define __del__? Then what a statement lets go of is asked for at once, at a safe point behind it.
    [[nodiscard]] bool has_finalizers() const { return has_finalizers_; }
    // For each local of the function: does it count no reference (borrowing.h)?
    [[nodiscard]] std::vector<bool> borrowing_locals(const typed::Function& function) const;
    const GeneratorShape& generator_shape(const typed::Function& generator);
    // The first thing that could not be lowered; reported as our own fault.
    void unsupported(const std::string& what, const SourceFile* file, Span span);
    // A program holds one layout a type; asked for all the time.
    const Layout& layout(const types::Type* type);
    uint8_t expr_effects(const typed::Expr* expr);

  private:
    DataId intern(Data data, const std::string& key);
    void find_recursion();
    uint32_t finalizer_entry(const typed::Function* finalizer);
    void lower_entry();
    void lower_pending();

    const typed::TypedProgram& program_;
    const Environment& environment_;
    Module module_;
    std::unordered_map<const typed::Function*, uint32_t> positions_;
    std::unordered_map<const typed::Function*, uint32_t> closure_entries_;
    std::map<uint32_t, uint32_t> closure_drops_;
    uint32_t generator_guard_ = kNone;
    std::vector<std::pair<const typed::Function*, uint32_t>> pending_;
    std::unordered_map<std::string, DataId> data_;
    std::unordered_map<const types::Type*, Layout> layouts_;
    std::unordered_map<const typed::Expr*, uint8_t> effects_;
    std::unordered_set<const typed::Function*> recursive_;
    std::optional<Changes> changes_;
    std::unordered_map<const typed::Function*, GeneratorShape> shapes_;
    std::string fault_;
    bool has_finalizers_ = false;
    bool counts_calls_ = false;
};

// What evaluating an expression may do to values that others have borrowed; and, the same bits, what ends a borrow.
enum Effect : uint8_t {
    kLocals = 1,      // assigns locals
    kCode = 2,        // runs Kayton code: globals, fields, cells change
    kContainers = 4,  // changes containers
    kTemporary = 8,   // a borrow from a temporary of the same statement
};
[[nodiscard]] uint8_t runtime_effects(typed::RuntimeFn fn, const typed::Expr& call);
[[nodiscard]] uint8_t display_effects(const typed::Expr& expr);  // of kDict, kSet, kDictGet: hashing and comparing keys

}  // namespace kayton::kir
