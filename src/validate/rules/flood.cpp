#include "helpers.hpp"

#include <cstdlib>

namespace spawnai::validate::rules {
namespace {

/// Milliseconds of "interval:25"; a large number when it is not one.
int interval_of(const std::string& handler) {
    if (!starts_with(handler, "interval:")) return 1'000'000;
    char* end = nullptr;
    const std::string text = handler.substr(9);
    const long value = std::strtol(text.c_str(), &end, 10);
    return end == text.c_str() ? 1'000'000 : static_cast<int>(value);
}

bool is_private_network(std::string_view host) {
    return starts_with(host, "192.168.") || starts_with(host, "10.") || starts_with(host, "172.16.") ||
           starts_with(host, "172.17.") || starts_with(host, "169.254.");
}

void check(const AppView& app, Judge& judge) {
    const std::string hint = "send one request when it is needed";
    each_event(app, [&](const FileView& file, const Event& event) {
        const bool sends = event.act == Act::send || event.act == Act::connect || event.act == Act::mail;
        if (!sends) return;
        const bool local = is_loopback_host(host_of(event.target.text)) || is_loopback_host(event.target.text);
        if (local) return;
        const bool elsewhere = is_external(event.target.text) || event.act == Act::connect ||
                               contains_any(event.name, {"dgram", "socket.socket", "net."}) ||
                               (has_taint(event.target, t_user | t_form) && !starts_with(event.target.text, "/"));
        if (!elsewhere) return;
        bool waits = false;
        if (event.loop == Loop::endless) {
            // A poller waits between two requests; a flood does not.
            for (const Event& other : file.facts.code.events)
                waits = waits || other.act == Act::pause || other.name == "setTimeout";
            waits = waits || contains_any(file.text(), {"setTimeout", "sleep(", "delay(", "wait("});
        }
        const bool raw = contains_any(event.name, {"dgram.createSocket().send", "socket.socket().sendto"});
        if (event.loop == Loop::endless && !waits)
            judge.block(&file, event.offset, "requests are sent without end and without a pause", hint);
        else if (interval_of(event.handler) <= 50 && event.act != Act::connect && event.name != "?.src")
            judge.block(&file, event.offset, "requests are sent many times a second", hint);
        else if (interval_of(event.handler) <= 200 && event.loop == Loop::bounded && event.name != "?.src")
            judge.block(&file, event.offset, "volleys of requests are sent several times a second", hint);
        else if (raw && (event.loop == Loop::endless || interval_of(event.handler) <= 50))
            judge.block(&file, event.offset, "packets are sent without end", hint);
        // A whole network is tried, host by host.
        const std::string host = event.act == Act::connect ? event.target.text : host_of(event.target.text);
        if (is_private_network(host) && host.find(k_hole) != std::string::npos && event.loop != Loop::none)
            judge.block(&file, event.offset, "the hosts of an internal network are tried one by one",
                        "talk to the one service that is needed");
    });
    // Words of the trade, in code: attack tools name what they do.
    for (const FileView& file : app.files) {
        if (file.test) continue;
        bool sends_in_loop = false;
        for (const Event& event : file.facts.code.events)
            sends_in_loop =
                sends_in_loop || ((event.act == Act::send || event.act == Act::connect) && event.loop != Loop::none &&
                                  !is_loopback_host(host_of(event.target.text)));
        if (!sends_in_loop) continue;
        for (const std::string& name : file.facts.code.globals)
            if (contains_any(name, {"ddos", "DDoS", "DDOS", "slowloris", "Slowloris", "httpFlood", "udpFlood",
                                    "synFlood", "http_flood", "udp_flood", "floodTarget", "flood_target"})) {
                judge.block(&file, Judge::k_nowhere, "an attack tool: \"" + show(name) + "\"", hint);
                break;
            }
    }
}

}  // namespace

const Rule flood{{"flood", Severity::block, "harm",
                  "Requests or packets to other hosts in an endless loop without a pause, or many times a second; "
                  "sweeps over an internal network.",
                  "It is an attack on whoever is at the other end, sent from here."},
                 Scope::file,
                 check};

}  // namespace spawnai::validate::rules
