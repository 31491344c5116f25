// The TextMate grammar, through the engine that Visual Studio Code uses: what each piece of a program must be seen as.
// usage: node grammar_test.js NODE_MODULES TOOLS_VSCODE [FOLDER_OF_PROGRAMS…]
"use strict";

const fs = require("fs");
const path = require("path");

const [modules, extension, ...folders] = process.argv.slice(2);
const textmate = require(path.join(modules, "vscode-textmate"));
const oniguruma = require(path.join(modules, "vscode-oniguruma"));

// program, then [piece, scopes it must have …] in the order they stand in it; a scope "!x" must be absent.
const CASES = [
    ["rimport regex", ["rimport", "keyword.control.import"]],
    ["from serde_json rimport Value as V", ["from", "keyword.control.import"], ["rimport", "keyword.control.import"],
        ["as", "keyword.control.import"]],
    ["fn area(r: float):", ["fn", "storage.type.function"], ["area", "entity.name.function"], ["float", "support.type"]],
    ["def f(a, b=1):", ["def", "storage.type.function"], ["f", "entity.name.function"], ["1", "constant.numeric.integer"]],
    ["let n: int = 12", ["let", "storage.type.let"], ["n", "variable.other.declaration"], ["int", "support.type"]],
    ["let = 3\nlet.x", ["let", "!storage.type.let"], ["let", "!storage.type.let"]],
    ["for i in 0..=10:", ["for", "keyword.control.flow"], ["in", "keyword.operator.logical"], ["0", "constant.numeric.integer"],
        ["..=", "keyword.operator.range"], ["10", "constant.numeric.integer"]],
    ["for i in 0..n:", ["0", "constant.numeric.integer"], ["..", "keyword.operator.range"], ["n", "!constant.numeric"]],
    ["x = 1.5 + 2. + .5 + 1e-3 + 0x_ff + 1_000 + 0b10", ["1.5", "constant.numeric.float"], ["2.", "constant.numeric.float"],
        [".5", "constant.numeric.float"], ["1e-3", "constant.numeric.float"], ["0x_ff", "constant.numeric.hex"],
        ["1_000", "constant.numeric.integer"], ["0b10", "constant.numeric.binary"]],
    ["class Stack[T](Base):", ["class", "storage.type.class"], ["Stack", "entity.name.type.class"]],
    ["match command:\n    case [\"go\", x]:\n        pass", ["match", "keyword.control.flow"], ["case", "keyword.control.flow"],
        ["\"go\"", "string.quoted"], ["pass", "keyword.control.flow"]],
    ["match = 3\nmatch.group(1)", ["match", "!keyword"], ["match", "!keyword"], ["group", "entity.name.function.call"]],
    ["x.import_all = y.as_dict()", ["import_all", "!keyword"], ["as_dict", "!keyword"]],
    ["s = f\"a {name!r:>{width}} {{b}} {x + 1=}\" # done", ["f", "storage.type.string"], ["a ", "string.quoted"],
        ["{", "punctuation.section.embedded"], ["name", "meta.interpolation"], ["!r", "storage.type.format"],
        ["width", "meta.interpolation"], ["{{", "constant.character.escape"], ["+", "keyword.operator.arithmetic"],
        ["# done", "comment.line"]],
    ["s = f\"{d['k'][1:2]}\" + \"z\"", ["'k'", "string.quoted"], ["1", "constant.numeric"], ["+", "keyword.operator.arithmetic", "!string"],
        ["\"z\"", "string.quoted"]],
    ["s = \"\"\"one\nif two\n\"\"\"\nif x:", ["if two", "string.quoted.triple", "!keyword"], ["if", "keyword.control.flow"]],
    ["s = 'it\\'s' 'not closed\nreturn 1", ["\\'", "constant.character.escape"], ["return", "keyword.control.flow", "!string"]],
    ["r'\\d' rb'\\x' b'\\x00'", ["\\d", "string.quoted", "!constant.character.escape"], ["rb", "storage.type.string"],
        ["\\x00", "constant.character.escape"]],
    ["x: int | None = None  # a 'comment'", ["|", "keyword.operator"], ["None", "constant.language"], ["None", "constant.language"],
        ["'comment'", "comment.line", "!string"]],
    ["@functools.cache", ["functools.cache", "entity.name.function.decorator"]],
    ["raise ValueError(\"x\") from error", ["raise", "keyword.control.flow"], ["ValueError", "support.type.exception"], ["from", "keyword.control"]],
    ["print(len(self.größe), größe(3))", ["print", "support.function.builtin"], ["len", "support.function.builtin"],
        ["self", "variable.language"], ["größe", "!entity.name.function"], ["größe", "entity.name.function.call"]],
    ["if (n := len(a)) >= 10 and not b:", [":=", "keyword.operator.assignment"], [">=", "keyword.operator.comparison"],
        ["and", "keyword.operator.logical"], ["not", "keyword.operator.logical"]],
    ["type Pair = tuple[int, int]\ntype(x)", ["type", "storage.type.type"], ["Pair", "entity.name.type"], ["type", "!storage.type.type"]],
    ["total **= 2", ["**=", "keyword.operator.assignment"], ["2", "constant.numeric.integer"]],
];

// Every character's scopes, line by line.
function scopesOf(grammar, text) {
    let state = textmate.INITIAL;
    const scopes = [];
    for (const line of text.split("\n")) {
        const result = grammar.tokenizeLine(line, state);
        for (const token of result.tokens) {
            for (let i = token.startIndex; i < Math.min(token.endIndex, line.length); ++i) {
                scopes.push(token.scopes.join(" "));
            }
        }
        scopes.push("");  // the newline
        state = result.ruleStack;
    }
    return { scopes, state };
}

function check(grammar, [text, ...pieces]) {
    const { scopes } = scopesOf(grammar, text);
    const wrong = [];
    let at = 0;
    for (const [piece, ...wanted] of pieces) {
        const found = text.indexOf(piece, at);
        if (found < 0) { wrong.push(`the test has no ${piece} there`); continue; }
        at = found + piece.length;
        for (const scope of wanted) {
            const absent = scope.startsWith("!");
            const name = absent ? scope.slice(1) : scope;
            const place = scopes.slice(found, at).find((all) => all.includes(name) === absent);
            if (place !== undefined) {
                wrong.push(`${JSON.stringify(piece)} at ${found}: ${absent ? "must not be" : "expected"} ${name}, found ${place}`);
            }
        }
    }
    return wrong;
}

// A program that is right must not leave the engine inside of a string or a bracket.
function checkProgram(grammar, file, plainDepth) {
    const { state } = scopesOf(grammar, fs.readFileSync(file, "utf8"));
    return state.depth === plainDepth ? [] : [`${file}: the grammar is still inside of something at the end of the file`];
}

function programsIn(folder) {
    return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const file = path.join(folder, entry.name);
        if (entry.name === "diagnostics") { return []; }  // programs that are wrong
        return entry.isDirectory() ? programsIn(file) : file.endsWith(".kay") ? [file] : [];
    });
}

async function main() {
    const wasm = fs.readFileSync(path.join(modules, "vscode-oniguruma/release/onig.wasm"));
    await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
    const registry = new textmate.Registry({
        onigLib: Promise.resolve({
            createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
            createOnigString: (text) => new oniguruma.OnigString(text),
        }),
        loadGrammar: async (scope) => {
            const { contributes } = JSON.parse(fs.readFileSync(path.join(extension, "package.json"), "utf8"));
            const known = contributes.grammars.find((g) => g.scopeName === scope);
            const file = path.join(extension, known.path);
            return textmate.parseRawGrammar(fs.readFileSync(file, "utf8"), file);
        },
    });
    const grammar = await registry.loadGrammar("source.kayton");
    const wrong = CASES.flatMap((one) => check(grammar, one).map((what) => `${JSON.stringify(one[0])}: ${what}`));
    const plainDepth = scopesOf(grammar, "x = 1").state.depth;
    const programs = folders.flatMap(programsIn);
    wrong.push(...programs.flatMap((file) => checkProgram(grammar, file, plainDepth)));
    for (const what of wrong) {
        console.log(`FAIL ${what}`);
    }
    console.log(`${CASES.length} texts and ${programs.length} programs, ${wrong.length} wrong`);
    process.exit(wrong.length === 0 && (folders.length === 0 || programs.length > 0) ? 0 : 1);
}

main();
