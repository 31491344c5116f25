// KIR -> LLVM IR: functions, data and the start-up table of one module. Split by subject: emitter (module, data),
// emit_function (instructions), startup_table, debug_lines.
// Lives while one module is emitted; one thread.
#pragma once

#include <llvm/IR/DIBuilder.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/compile.h"
#include "compiler/kir/ir.h"

namespace kayton::codegen {

class Emitter {
  public:
    Emitter(const kir::Module& source, llvm::Module& module, OptLevel opt);
    void emit();
    // Is there code that is worth LLVM's passes? A module whose code runs once, without loops, is not.
    [[nodiscard]] bool worth_optimizing() const { return worth_optimizing_; }
    // Coroutines need passes of their own at every level.
    [[nodiscard]] bool has_coroutines() const { return has_coroutines_; }

  private:
    // --- types and declarations
    llvm::Type* type_of(kir::Repr repr);         // in registers
    llvm::Type* memory_type(kir::Repr repr);     // in memory and across calls
    llvm::FunctionType* function_type(uint32_t position);
    void find_functions_by_address();
    [[nodiscard]] bool returns_in_registers(uint32_t position) const;
    llvm::Function* declare(uint32_t position);
    llvm::Function* runtime(typed::RuntimeFn fn);
    void mark(llvm::Function* function, llvm::FunctionType* type);

    // --- data
    llvm::Constant* data(kir::DataId id);
    llvm::Constant* str_object(const kir::Data& data);
    llvm::Constant* bytes_object(const kir::Data& data);
    llvm::Constant* c_string(const std::string& text);
    llvm::Constant* string_array(const std::vector<std::string>& texts);
    llvm::GlobalVariable* private_data(llvm::Constant* value, const char* name, bool constant);
    llvm::Constant* runtime_symbol(const std::string& name);
    llvm::Constant* startup_table();
    llvm::Constant* type_ops(const kir::ClassNeed& need);
    llvm::Constant* table(llvm::StructType* entry, const std::vector<llvm::Constant*>& entries);
    llvm::Constant* int64(int64_t value) { return llvm::ConstantInt::getSigned(i64_, value); }

    // --- functions
    void emit_function(uint32_t position);
    void emit_return(const kir::Function& source, const kir::Inst& inst);
    void emit_block(const kir::Function& source, kir::BlockId block);
    void emit_inst(const kir::Function& source, const kir::Inst& inst);
    llvm::Value* emit_value(const kir::Function& source, const kir::Inst& inst);
    llvm::Value* emit_load(const kir::Inst& inst);
    void emit_store(const kir::Function& source, const kir::Inst& inst);
    llvm::Value* emit_call(const kir::Function& source, const kir::Inst& inst);
    llvm::Value* address(llvm::Value* base, int64_t offset);
    llvm::Value* use(kir::ValueId id) { return values_[id]; }
    llvm::Value* to_memory(llvm::Value* value, kir::Repr repr);
    llvm::Value* from_memory(llvm::Value* value, kir::Repr repr);
    void branch_cold(llvm::Value* failed, llvm::BasicBlock* cold);  // continues in a new block
    void retain(llvm::Value* object, bool nullable);
    void release(llvm::Value* object, bool nullable, bool cold);
    llvm::Function* count_function(const char* name, bool of_value, bool retaining);
    llvm::Value* emit_coroutine(const kir::Inst& inst);
    llvm::BasicBlock* suspended();
    static std::vector<kir::BlockId> reverse_post_order(const kir::Function& source, bool& has_loop);
    static void skip_optimizing(llvm::Function* function);
    void tag(llvm::Instruction* access, kir::Memory memory);

    // --- lines
    void start_lines();
    llvm::DISubprogram* subprogram(const kir::Function& source);
    llvm::DIFile* di_file(const SourceFile* file);
    void set_line(const kir::Function& source, Span span);

    const kir::Module& source_;
    llvm::Module& module_;
    llvm::LLVMContext& context_;
    OptLevel opt_;
    llvm::IRBuilder<> b_;
    llvm::Type *void_, *i1_, *i8_, *i32_, *i64_, *f64_;
    llvm::PointerType* ptr_;
    std::vector<llvm::Function*> functions_;
    std::vector<bool> by_address_;  // functions that are called through pointers, or by other modules
    std::unordered_map<uint16_t, llvm::Function*> runtime_;
    std::vector<llvm::Constant*> data_;
    std::unordered_map<std::string, llvm::Constant*> texts_;
    std::unordered_map<std::string, llvm::Function*> count_functions_;
    llvm::MDNode* cold_weights_ = nullptr;
    llvm::MDNode* likely_weights_ = nullptr;
    std::vector<llvm::MDNode*> memory_tags_;

    // of the function being emitted
    llvm::Function* function_ = nullptr;
    std::vector<llvm::Value*> values_;
    std::vector<llvm::BasicBlock*> blocks_;
    std::vector<llvm::AllocaInst*> slots_;
    llvm::AllocaInst* result_ = nullptr;  // of one that returns in registers: what it returns, until it does
    bool in_cold_block_ = false;
    llvm::Value* coro_id_ = nullptr;
    llvm::Value* coro_handle_ = nullptr;
    llvm::BasicBlock* suspended_ = nullptr;  // where a coroutine goes back to its caller
    bool has_coroutines_ = false;
    bool worth_optimizing_ = false;

    std::unique_ptr<llvm::DIBuilder> lines_;
    llvm::DICompileUnit* unit_ = nullptr;
    std::unordered_map<const SourceFile*, llvm::DIFile*> files_;
    llvm::DISubprogram* scope_ = nullptr;
    uint32_t last_begin_ = UINT32_MAX;
    llvm::DebugLoc last_line_;
};

}  // namespace kayton::codegen
