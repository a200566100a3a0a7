#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

bool is_huge(std::string_view text) {
    return contains_any(text, {"ffffffffffffffffffffffffffffffff", "MaxUint256",
                               "115792089237316195423570985008687907853269984665640564039457584007913129639935"});
}

void check(const AppView& app, Judge& judge) {
    const std::string hint = "let the visitor choose what is sent, to whom, and how much";
    for (const FileView& file : app.files) {
        if (file.runs() || file.test) continue;
        bool asks_balance = contains_any(file.text(), {"eth_getBalance", "getBalance(", "balanceOf("});
        for (const Event& event : file.facts.code.events) {
            if (event.act != Act::wallet) continue;
            const std::string& method = event.target.text;
            if (contains(event.name, "setApprovalForAll") || contains(event.name, "increaseAllowance"))
                judge.block(&file, event.offset, "the visitor's wallet is asked to hand over everything", hint);
            const bool sends =
                is_one_of(method, {"eth_sendTransaction", "eth_sign", "eth_signTypedData_v4", "personal_sign"}) ||
                contains_any(event.name,
                             {"sendTransaction", "signTransaction", "signAllTransactions", "_signTypedData"});
            if (sends && method != "personal_sign" && asks_balance &&
                (event.at_load || is_one_of(event.handler, {"load", "DOMContentLoaded"}) ||
                 has_taint(event.data, t_wallet)))
                judge.block(&file, event.offset, "the visitor's wallet is asked to send what it holds", hint);
        }
        for (const Located& one : file.facts.code.strings) {
            // approve(address,uint256) and setApprovalForAll(address,bool), by their selectors.
            if ((starts_with(one.text, "0x095ea7b3") || starts_with(one.text, "0xa22cb465")) && one.text.size() > 60)
                judge.block(&file, one.offset, "the visitor's wallet is asked to hand over everything", hint);
            if (is_huge(one.text) && contains_any(file.text(), {".approve(", "approve\"", "permit("}))
                judge.block(&file, one.offset, "the visitor's wallet is asked for an unlimited allowance", hint);
        }
        if (contains(file.text(), "MaxUint256") && contains(file.text(), ".approve("))
            judge.block(&file, file.text().find("MaxUint256"),
                        "the visitor's wallet is asked for an unlimited allowance", hint);
        if (contains(file.text(), "setApprovalForAll(") && contains_any(file.text(), {"ethereum", "ethers", "web3"}))
            judge.block(&file, file.text().find("setApprovalForAll("),
                        "the visitor's wallet is asked to hand over everything", hint);
    }
}

}  // namespace

const Rule wallet_drain{{"wallet-drain", Severity::block, "harm",
                         "A page that asks a browser wallet for unlimited allowances, approval for all tokens, or to "
                         "send its whole balance.",
                         "That is a drainer. Connecting a wallet and showing its balance are fine."},
                        Scope::file,
                        check};

}  // namespace spawnai::validate::rules
