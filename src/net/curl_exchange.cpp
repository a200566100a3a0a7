#include "curl_exchange.hpp"

#include "proxy.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace spawnai::net {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t k_head_limit = 256U << 10U;
/// Bytes that wait for a slow sink before libcurl is told to pause. On HTTP/2 a pause holds up every stream
/// of the connection, so there it comes late.
constexpr std::size_t k_backlog = 1U << 20U;
constexpr std::size_t k_backlog_multiplexed = 16U << 20U;
constexpr std::size_t k_upload_ahead = 256U << 10U;

template <class T>
void set(CURL* easy, CURLoption option, T value) {
    if (const CURLcode code = curl_easy_setopt(easy, option, value); code != CURLE_OK)
        throw Error(ErrorKind::internal,
                    fmt::format("libcurl refused option {}: {}", static_cast<int>(option), curl_easy_strerror(code)));
}

void append(StringList& list, const std::string& text) {
    curl_slist* longer = curl_slist_append(list.get(), text.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    // libcurl returns the head, which is the list that we hold already unless it was empty.
    if (!list) list.reset(longer);
}

int close_on_exec(void* /*self*/, curl_socket_t socket, curlsocktype /*purpose*/) noexcept {
    ::fcntl(socket, F_SETFD, FD_CLOEXEC);
    return CURL_SOCKOPT_OK;
}

std::string in_seconds(milliseconds time) {
    return time.count() % 1000 == 0 ? fmt::format("{} s", time.count() / 1000) : fmt::format("{} ms", time.count());
}

bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7F;
    });
}

std::string why_untrusted(std::string_view text) {
    const auto says = [&](std::string_view words) { return text.find(words) != std::string_view::npos; };
    if (says("expired") || says("not yet valid")) return "is the clock of this machine right?";
    if (says("does not match") || says("no alternative certificate subject name"))
        return "it was made for another host: is the address right, or does a proxy in between answer?";
    return "if a proxy of your network signs it, name its CA file in SSL_CERT_FILE";
}

bool same_name(std::string_view left, const char* right) {
    return left.size() == std::strlen(right) && ::strncasecmp(left.data(), right, left.size()) == 0;
}

}  // namespace

Exchange::Exchange(const Request& request, bool to_sink, const Environment& environment)
    : request_(&request), url_(Url::parse(request.url)), to_sink_(to_sink), easy_(curl_easy_init()) {
    if (!easy_) throw std::bad_alloc();
    CURL* easy = easy_.get();
    set(easy, CURLOPT_URL, request.url.c_str());
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_PRIVATE, static_cast<void*>(this));
    set(easy, CURLOPT_ERRORBUFFER, error_text_.data());
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_USERAGENT, "spawnai");
    set(easy, CURLOPT_BUFFERSIZE, 64L << 10);
    set(easy, CURLOPT_HEADERFUNCTION, &Exchange::on_header);
    set(easy, CURLOPT_HEADERDATA, static_cast<void*>(this));
    set(easy, CURLOPT_WRITEFUNCTION, &Exchange::on_body);
    set(easy, CURLOPT_WRITEDATA, static_cast<void*>(this));
    set(easy, CURLOPT_NOPROGRESS, 0L);
    set(easy, CURLOPT_XFERINFOFUNCTION, &Exchange::on_progress);
    set(easy, CURLOPT_XFERINFODATA, static_cast<void*>(this));
    set(easy, CURLOPT_PREREQFUNCTION, &Exchange::on_connected);
    set(easy, CURLOPT_PREREQDATA, static_cast<void*>(this));
    set_up_connection(environment);
    set_up_body();
    set_up_headers();
}

void Exchange::set_up_connection(const Environment& environment) {
    CURL* easy = easy_.get();
    set(easy, CURLOPT_TCP_NODELAY, 1L);
    set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set(easy, CURLOPT_TCP_KEEPIDLE, 30L);
    set(easy, CURLOPT_TCP_KEEPINTVL, 10L);
    set(easy, CURLOPT_SOCKOPTFUNCTION, &close_on_exec);
    // Requests that begin together share one HTTP/2 connection instead of opening one each.
    set(easy, CURLOPT_PIPEWAIT, url_.scheme == "https" ? 1L : 0L);
    // A resolver thread that hangs must not hold up a cancelled request.
    set(easy, CURLOPT_QUICK_EXIT, 1L);
    const milliseconds connect = request_->timeouts.connect;
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, connect.count() > 0 ? static_cast<long>(connect.count()) : 86'400'000L);
    set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (const auto bundle = environment.get("CURL_CA_BUNDLE").value_or(environment.get_or("SSL_CERT_FILE", ""));
        !bundle.empty()) {
        set(easy, CURLOPT_CAINFO, bundle.c_str());
        set(easy, CURLOPT_PROXY_CAINFO, bundle.c_str());
    }
    if (const auto directory = environment.get("SSL_CERT_DIR")) {
        set(easy, CURLOPT_CAPATH, directory->c_str());
        set(easy, CURLOPT_PROXY_CAPATH, directory->c_str());
    }
    // Both always set: unset, libcurl would read the process environment by itself.
    const ProxyChoice way = choose_proxy(environment, url_);
    set(easy, CURLOPT_PROXY, way.proxy.c_str());
    set(easy, CURLOPT_NOPROXY, way.exceptions.c_str());
    set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (url_.host == "localhost" || url_.host.ends_with(".localhost")) {
        append(resolve_, fmt::format("{}:{}:127.0.0.1,[::1]", url_.host, url_.port));
        set(easy, CURLOPT_RESOLVE, resolve_.get());
    }
}

void Exchange::set_up_body() {
    CURL* easy = easy_.get();
    const std::string& method = request_->method;
    if (request_->body_source) {
        set(easy, CURLOPT_UPLOAD, 1L);
        set(easy, CURLOPT_READFUNCTION, &Exchange::on_upload);
        set(easy, CURLOPT_READDATA, static_cast<void*>(this));
        set(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
    } else if (method == "POST" || !request_->body.empty()) {
        set(easy, CURLOPT_POST, 1L);
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_->body.size()));
        set(easy, CURLOPT_POSTFIELDS, request_->body.data());
        set(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
        body_size_ = static_cast<curl_off_t>(request_->body.size());
        body_sent_ = body_size_ == 0;
    } else {
        body_sent_ = true;
        if (method == "HEAD")
            set(easy, CURLOPT_NOBODY, 1L);
        else
            set(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
    }
}

void Exchange::set_up_headers() {
    bool has_type = false;
    for (const Header& header : request_->headers) {
        // The value stays out of the message: it may be a key.
        if (header.name.empty() || has_control_character(header.name) || has_control_character(header.value))
            throw Error(ErrorKind::usage,
                        fmt::format("the value of header {} has a line break or control character in it", header.name));
        has_type = has_type || same_name(header.name, "Content-Type");
        if (request_->body_source && same_name(header.name, "Content-Length")) {
            body_size_ = static_cast<curl_off_t>(std::stoll(header.value));
            set(easy_.get(), CURLOPT_INFILESIZE_LARGE, body_size_);
            continue;
        }
        append(headers_, header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
    }
    // Waiting for "100 Continue" costs a second with servers that do not send it.
    append(headers_, "Expect:");
    if (!has_type) append(headers_, "Content-Type:");
    set(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
}

// ---------------------------------------------------------------------------------------------------- sender

Exchange::News Exchange::wait(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto room = [&] {
        if (!request_->body_source || upload_ended_ || ended_ || upload_.size() >= k_upload_ahead)
            return std::size_t{0};
        return k_upload_ahead - upload_.size();
    };
    changed_.wait(lock, stop,
                  [&] { return ended_ || (head_complete_ && !head_told_) || !pieces_.empty() || room() > 0; });
    // A result that is there already counts more than a stop that came later.
    if (stop.stop_requested() && !ended_) throw Interrupted(0);
    News news;
    news.head = head_complete_ && !head_told_;
    head_told_ = head_complete_;
    news.pieces.swap(pieces_);
    news.resume = receive_paused_ && !ended_;
    news.finished = ended_.has_value();
    news.body_room = room();
    return news;
}

bool Exchange::supply(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    if (bytes.empty()) upload_ended_ = true;
    upload_.append(bytes);
    return send_paused_ && !ended_;
}

void Exchange::wait_finished() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_.has_value(); });
}

Response Exchange::take() {
    const std::lock_guard lock(mutex_);
    if (escaped_) std::rethrow_exception(escaped_);
    if (*ended_ != Ended::by_curl || code_ != CURLE_OK || !head_complete_) throw explain();
    return std::move(response_);
}

TransportError Exchange::explain() const {
    const std::string peer = url_.scheme + "://" + url_.authority();
    const Timeouts& limits = request_->timeouts;
    const auto error = [&](TransportFault fault, const std::string& message, std::string hint = {}) {
        return TransportError(fault, message, std::move(hint), connected_);
    };
    switch (*ended_) {
        case Ended::connect_timeout:
            return error(TransportFault::timeout,
                         fmt::format("{} did not accept a connection within {}", peer, in_seconds(limits.connect)),
                         "check the network connection, then try again");
        case Ended::first_byte_timeout:
            return error(TransportFault::timeout,
                         fmt::format("{} gave no answer within {}", peer, in_seconds(limits.first_byte)));
        case Ended::idle_timeout:
            return error(TransportFault::timeout,
                         fmt::format("{}: nothing moved for {}", peer, in_seconds(limits.idle)));
        case Ended::total_timeout:
            return error(TransportFault::timeout,
                         fmt::format("the exchange with {} took longer than {}", peer, in_seconds(limits.total)));
        case Ended::too_large:
            return error(TransportFault::too_large,
                         fmt::format("the answer of {} is larger than {} bytes", peer, request_->response_limit));
        case Ended::head_too_large:
            return error(TransportFault::too_large, fmt::format("the header of the answer of {} is endless", peer));
        case Ended::shut_down:
            return error(TransportFault::cut, fmt::format("{}: the transport was shut down", peer));
        case Ended::not_again:
            return error(TransportFault::cut, fmt::format("{} closed the connection without an answer", peer));
        case Ended::by_curl:
            break;
    }
    const std::string text = error_text_[0] != '\0' ? error_text_.data() : curl_easy_strerror(code_);
    switch (code_) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return error(TransportFault::resolve, fmt::format("the host name {} cannot be resolved", url_.host),
                         "check the network connection and the name");
        case CURLE_COULDNT_RESOLVE_PROXY:
            return error(TransportFault::resolve,
                         fmt::format("the host name of the proxy for {} cannot be resolved", peer),
                         "check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY");
        case CURLE_COULDNT_CONNECT:
            return error(TransportFault::connect, fmt::format("cannot connect to {}: {}", peer, text));
        case CURLE_PROXY:
            return error(TransportFault::connect, fmt::format("the proxy for {} failed: {}", peer, text),
                         "check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY");
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_ISSUER_ERROR:
            return error(TransportFault::tls, fmt::format("the certificate of {} is not trusted: {}", peer, text),
                         why_untrusted(text));
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CRL_BADFILE:
            return error(TransportFault::tls, fmt::format("the CA file for {} cannot be used: {}", peer, text),
                         "check CURL_CA_BUNDLE, SSL_CERT_FILE and SSL_CERT_DIR");
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_INVALIDCERTSTATUS:
        case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        case CURLE_SSL_CLIENTCERT:
            return error(TransportFault::tls, fmt::format("no TLS connection to {}: {}", peer, text),
                         "is it an http:// address, or a proxy in between?");
        case CURLE_OPERATION_TIMEDOUT:
            return error(TransportFault::timeout, fmt::format("{} did not answer in time: {}", peer, text));
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_BAD_CONTENT_ENCODING:
            return error(TransportFault::cut, fmt::format("{} does not answer with HTTP: {}", peer, text));
        case CURLE_GOT_NOTHING:
        case CURLE_SEND_FAIL_REWIND:  // libcurl would send again what a kept connection swallowed
            return error(TransportFault::cut, fmt::format("{} closed the connection without an answer", peer));
        default:
            break;
    }
    if (!connected_ && text.find("CONNECT tunnel failed") != std::string::npos)
        return error(TransportFault::connect, fmt::format("the proxy refuses a connection to {}: {}", peer, text),
                     "check HTTPS_PROXY, and the user and password in it; NO_PROXY names hosts to reach without it");
    if (!connected_) return error(TransportFault::connect, fmt::format("no connection to {}: {}", peer, text));
    return error(TransportFault::cut, fmt::format("the connection to {} broke: {}", peer, text));
}

// ------------------------------------------------------------------------------------------- libcurl's
// thread

void Exchange::begin() {
    started_ = std::chrono::steady_clock::now();
    last_activity_ = started_;
}

std::optional<Exchange::Limit> Exchange::next_limit() const {
    std::optional<Limit> next;
    const auto consider = [&](SteadyTime from, milliseconds span, Ended which) {
        if (span.count() > 0 && (!next || from + span < next->when)) next = Limit{from + span, which};
    };
    const Timeouts& limits = request_->timeouts;
    consider(started_, limits.total, Ended::total_timeout);
    switch (phase_) {
        case Phase::connecting:
            consider(started_, limits.connect, Ended::connect_timeout);
            break;
        case Phase::sending:
            if (body_sent_)
                consider(last_activity_, limits.first_byte, Ended::first_byte_timeout);
            else if (!send_paused_)
                consider(last_activity_, limits.idle, Ended::idle_timeout);
            break;
        case Phase::receiving:
            // Time that our own side takes to digest is not the peer's.
            if (!receive_paused_) consider(last_activity_, limits.idle, Ended::idle_timeout);
            break;
    }
    return next;
}

void Exchange::unpause() {
    {
        const std::lock_guard lock(mutex_);
        receive_paused_ = false;
        send_paused_ = false;
    }
    last_activity_ = std::chrono::steady_clock::now();
    curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
}

void Exchange::finish(Ended ended, CURLcode code) {
    const std::lock_guard lock(mutex_);
    ended_ = refusal_ != Ended::by_curl ? refusal_ : ended;
    // libcurl's own clock for connecting and ours may ring in either order.
    if (*ended_ == Ended::by_curl && code == CURLE_OPERATION_TIMEDOUT && !connected_) ended_ = Ended::connect_timeout;
    code_ = code;
    changed_.notify_all();
}

int Exchange::on_connected(void* self, char* /*to*/, char* /*from*/, int /*to_port*/, int /*from_port*/) noexcept {
    auto& exchange = *static_cast<Exchange*>(self);
    const std::lock_guard lock(exchange.mutex_);
    // libcurl repeats by itself what a kept connection swallowed. A body_source cannot be read again anyway.
    if (exchange.connected_ && (exchange.request_->at_most_once || exchange.request_->body_source)) {
        exchange.refusal_ = Ended::not_again;
        return CURL_PREREQFUNC_ABORT;
    }
    exchange.phase_ = Phase::sending;
    exchange.last_activity_ = std::chrono::steady_clock::now();
    exchange.connected_ = true;
    return CURL_PREREQFUNC_OK;
}

int Exchange::on_progress(void* self, curl_off_t /*down_total*/, curl_off_t /*down*/, curl_off_t /*up_total*/,
                          curl_off_t sent) noexcept {
    auto& exchange = *static_cast<Exchange*>(self);
    if (sent != exchange.sent_ && exchange.phase_ == Phase::sending) {
        exchange.sent_ = sent;
        exchange.last_activity_ = std::chrono::steady_clock::now();
        if (!exchange.request_->body_source && sent >= static_cast<curl_off_t>(exchange.request_->body.size()))
            exchange.body_sent_ = true;
    }
    return 0;
}

std::size_t Exchange::on_upload(char* buffer, std::size_t size, std::size_t count, void* self) noexcept {
    auto& exchange = *static_cast<Exchange*>(self);
    const std::lock_guard lock(exchange.mutex_);
    const std::size_t taken = std::min(size * count, exchange.upload_.size());
    if (taken == 0) {
        exchange.body_sent_ = exchange.upload_ended_;
        if (exchange.upload_ended_) return 0;
        exchange.send_paused_ = true;
        exchange.changed_.notify_all();
        return CURL_READFUNC_PAUSE;
    }
    std::copy_n(exchange.upload_.begin(), taken, buffer);
    exchange.upload_.erase(0, taken);
    exchange.last_activity_ = std::chrono::steady_clock::now();
    exchange.changed_.notify_all();
    return taken;
}

std::size_t Exchange::on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept {
    auto& exchange = *static_cast<Exchange*>(self);
    try {
        return exchange.header_line({data, size * count}) ? size * count : 0;
    } catch (...) {
        const std::lock_guard lock(exchange.mutex_);
        exchange.escaped_ = std::current_exception();
        return 0;
    }
}

bool Exchange::header_line(std::string_view line) {
    if (phase_ == Phase::receiving) return true;  // trailers
    head_bytes_ += line.size();
    if (head_bytes_ > k_head_limit) {
        refusal_ = Ended::head_too_large;
        return false;
    }
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {
        arriving_ = Response{};
        return true;
    }
    if (!line.empty()) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return true;
        std::string_view value = line.substr(colon + 1);
        while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
        while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
        arriving_.headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
        return true;
    }
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status < 200) return true;  // an interim answer; the real one follows
    phase_ = Phase::receiving;
    last_activity_ = std::chrono::steady_clock::now();
    arriving_.status = static_cast<int>(status);
    const std::lock_guard lock(mutex_);
    response_ = std::move(arriving_);
    if (status > 299) to_sink_ = false;
    head_complete_ = true;
    changed_.notify_all();
    return true;
}

std::size_t Exchange::on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept {
    auto& exchange = *static_cast<Exchange*>(self);
    try {
        return exchange.body_piece({data, size * count});
    } catch (...) {
        const std::lock_guard lock(exchange.mutex_);
        exchange.escaped_ = std::current_exception();
        return CURL_WRITEFUNC_ERROR;
    }
}

std::size_t Exchange::body_piece(std::string_view piece) {
    last_activity_ = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    if (!to_sink_) {
        if (response_.body.size() + piece.size() > request_->response_limit) {
            refusal_ = Ended::too_large;
            return CURL_WRITEFUNC_ERROR;
        }
        response_.body.append(piece);
        return piece.size();
    }
    long version = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_VERSION, &version);
    const std::size_t backlog = version == CURL_HTTP_VERSION_2_0 ? k_backlog_multiplexed : k_backlog;
    if (pieces_.size() >= backlog) {
        receive_paused_ = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    pieces_.append(piece);
    changed_.notify_all();
    return piece.size();
}

}  // namespace spawnai::net
