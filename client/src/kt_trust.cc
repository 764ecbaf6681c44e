#include <cstdio>
#include <memory>

#include "client/trust.h"
#include "commands.h"
#include "common_options.h"
#include "exit_codes.h"
#include "output.h"
#include "store/files.h"

namespace kt::client {
namespace {

using federation::DirectoryLog;
using keytrans::ContactPolicy;

struct TrustOptions {
  CommonOptions common;
  std::string domain;
  std::string url;
  std::filesystem::path authorities;
  std::filesystem::path file;
  bool contact_monitoring = false;
  bool no_contact_monitoring = false;
};

constexpr const char* kHelp =
    "Trusts a domain: fetches its directory document, verifies it, shows it, and keeps it.\n"
    "Without DOMAIN, lists the domains that are trusted. With one that is trusted already,\n"
    "looks for a newer document, which has to follow the one before.";

constexpr const char* kFooter =
    "The first document of a domain is believed because of where it comes from: TLS proves the\n"
    "name kt.DOMAIN, or you say that the file is right. From then on the domain's own logs have "
    "to\n"
    "vouch for a new one, or it is held down for 72 hours.\n\n"
    "Example:\n"
    "  kt trust example.com";

void add_lines(Lines& lines, const KnownDomain& known, Timestamp now) {
  const federation::Directory& current = known.current();
  lines.emplace_back("document", "epoch " + std::to_string(current.epoch.value()) + ", SHA-256 " +
                                     to_hex(known.directory.current.entry().hash));
  lines.emplace_back("expires", moment(current.expires, now));
  lines.emplace_back("found at", known.source.url.text());
  lines.emplace_back("gateway", current.url.text());
  lines.emplace_back("label rule", std::string(to_string(current.label_rule)));
  for (const DirectoryLog& log : current.logs) {
    lines.emplace_back("log", log.alias + " (" + log.id().hex() + "), " +
                                  std::string(name_of(log.configuration.mode())));
  }
  if (known.contact_policy == ContactPolicy::always)
    lines.emplace_back("monitoring", "also of contacts in third-party modes");
  if (known.directory.held)
    lines.emplace_back("held down", describe(DomainNews{known, DomainChange::held}));
}

Result<int> list(const TrustOptions& options) {
  KT_TRY(const OpenSession opened, open_session(options.common, "trust"));
  KT_TRY(const auto domains, trusted_domains(opened.session));
  if (options.common.json) {
    Json all = Json::array();
    for (const KnownDomain& known : domains) all.push_back(json_of(known));
    print(all);
    return program::kDone;
  }
  for (const KnownDomain& known : domains) {
    Lines lines{{"domain", known.current().domain.text()}};
    add_lines(lines, known, system_now());
    print(lines);
  }
  if (domains.empty()) std::printf("no domain is trusted\n");
  return program::kDone;
}

// What of it was verified just now, and how.
std::string verified(const DomainNews& news, bool is_from_file) {
  std::string text = "its signatures, by each active log";
  if (news.change == DomainChange::followed) text += ", and by one that was active before";
  if (!is_from_file && news.change != DomainChange::held)
    text += "; that each of these has it under kt:directory, by their proofs";
  return text;
}

Result<int> trust_domain(const TrustOptions& options) {
  auto domain = federation::Domain::parse(options.domain);
  if (!domain) return fail_in("DOMAIN", std::move(domain).error());
  TrustRequest request{*std::move(domain), {}, {}, {}, {}};
  if (!options.url.empty()) {
    auto url = federation::parse_url(options.url);
    if (!url) return fail_in("--url", std::move(url).error());
    request.url = *std::move(url);
  }
  if (!options.authorities.empty())
    request.authorities = std::filesystem::absolute(options.authorities);
  if (options.contact_monitoring) request.contact_policy = ContactPolicy::always;
  if (options.no_contact_monitoring) request.contact_policy = ContactPolicy::as_required;
  if (!options.file.empty()) {
    auto text = store::read_small_file(options.file, federation::DirectoryDocument::kMaxSize);
    if (!text) return fail_in("--file", std::move(text).error());
    request.document = std::string(text->begin(), text->end());
  }
  KT_TRY(OpenSession opened, open_session(options.common, "trust"));
  KT_TRY(const DomainNews news, trust(opened.session, request));
  if (options.common.json) {
    Json json = json_of(news.known);
    json["change"] = name_of(news.change);
    print(json);
  } else {
    std::printf("%s\n", describe(news).c_str());
    Lines lines;
    add_lines(lines, news.known, system_now());
    lines.emplace_back("verified", verified(news, request.document.has_value()));
    print(lines);
  }
  return news.change == DomainChange::held ? kRefused : program::kDone;
}

}  // namespace

void add_trust(const program::Command& root) {
  const auto options = std::make_shared<TrustOptions>();
  const program::Command command = root.add_command("trust", kHelp);
  command.set_footer(kFooter);
  const program::Option domain =
      command.add_text("DOMAIN", options->domain, "The domain, like example.com");
  const program::Option url =
      command
          .add_text("--url", options->url,
                    "Where its document is, now and later; default: https://kt.DOMAIN")
          .type_name("URL");
  command
      .add_path("--authorities", options->authorities,
                "PEM file of the certificate authorities to believe for all of the domain, now and "
                "later; default: the system's")
      .type_name("FILE")
      .needs(domain);
  command
      .add_path("--file", options->file,
                "Take the document from this file, and ask nobody; you vouch for it")
      .type_name("FILE")
      .needs(domain);
  url.needs(domain);
  const program::Option on =
      command
          .add_flag("--contact-monitoring", options->contact_monitoring,
                    "Also monitor what is looked up where a third party manages or audits, in case "
                    "it colludes with the log")
          .needs(domain);
  const program::Option off = command.add_flag("--no-contact-monitoring",
                                               options->no_contact_monitoring, "Do not any more");
  off.needs(domain);
  add_common_options(command, options->common);
  command.runs(
      [options, domain] { return domain.is_given() ? trust_domain(*options) : list(*options); },
      [on, off]() -> Result<void> {
        if (on.is_given() && off.is_given())
          return fail(Errc::malformed,
                      "--contact-monitoring and --no-contact-monitoring: not both");
        return {};
      });
}

}  // namespace kt::client
