// The editor's side of `kayton lsp`: starts it, passes documents of the language on, and starts it anew when asked to or
// when the setting that names the program changes.
"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function program() {
    return vscode.workspace.getConfiguration("kayton").get("program") || "kayton";
}

async function start() {
    const command = program();
    client = new LanguageClient(
        "kayton",
        "Kayton",
        { command, args: ["lsp"] },
        {
            documentSelector: [{ scheme: "file", language: "kayton" }],
            synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.kay") },
        });
    try {
        await client.start();
    } catch (error) {
        client = undefined;
        vscode.window.showErrorMessage(
            `'${command} lsp' did not start (${error.message}). Install Kayton, or set kayton.program to where it is.`);
    }
}

async function stop() {
    const running = client;
    client = undefined;
    await running?.stop();
}

function runFile() {
    const document = vscode.window.activeTextEditor?.document;
    if (document?.languageId !== "kayton") {
        return;
    }
    const quoted = (text) => `'${text.replace(/'/g, "'\\''")}'`;
    const terminal = vscode.window.terminals.find((t) => t.name === "Kayton") ?? vscode.window.createTerminal("Kayton");
    terminal.show(true);
    document.save().then(() => terminal.sendText(`${quoted(program())} run ${quoted(document.fileName)}`));
}

async function activate(context) {
    context.subscriptions.push(
        vscode.commands.registerCommand("kayton.restartServer", async () => { await stop(); await start(); }),
        vscode.commands.registerCommand("kayton.runFile", runFile),
        vscode.workspace.onDidChangeConfiguration(async (change) => {
            if (change.affectsConfiguration("kayton.program")) {
                await stop();
                await start();
            }
        }));
    await start();
}

module.exports = { activate, deactivate: stop };
