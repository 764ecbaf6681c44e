#include "publishing_thread.h"

#include <chrono>
#include <utility>

namespace kt::gateway {
namespace {

constexpr std::chrono::milliseconds kLook{200};  // whether there was a reload
constexpr std::chrono::seconds kRetry{5};
constexpr std::chrono::hours kRenewal{1};

}  // namespace

PublishingThread::PublishingThread(DirectoryPublisher& publisher, OhttpPublisher* ohttp,
                                   const Current<Hosting>& hosting, Say say)
    : publisher_(publisher),
      ohttp_(ohttp),
      hosting_(hosting),
      say_(std::move(say)),
      thread_([this] { run(); }) {}

void PublishingThread::stop() {
  publisher_.stop();
  if (ohttp_ != nullptr) ohttp_->stop();
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PublishingThread::run() {
  std::weak_ptr<const Hosting> last;
  auto due = std::chrono::steady_clock::now();
  auto ohttp_due = due;
  while (!publisher_.is_stopped()) {
    {
      const auto hosting = hosting_.snapshot();
      const auto now = std::chrono::steady_clock::now();
      const bool is_new = last.lock() != hosting;
      if (now >= due || is_new) {
        const bool in_step = pass(*hosting);
        due = std::chrono::steady_clock::now() + (in_step ? kRenewal : kRetry);
        last = hosting;
      }
      if (ohttp_ != nullptr && (now >= ohttp_due || is_new || ohttp_->is_asked()))
        ohttp_due = std::chrono::steady_clock::now() + step_ohttp(*hosting);
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, kLook, [this] { return publisher_.is_stopped(); });
  }
}

std::string PublishingThread::words_for(const federation::Domain& domain, federation::Epoch epoch) {
  return "the directory document of " + domain.text() + " has epoch " +
         std::to_string(epoch.value());
}

bool PublishingThread::pass(const Hosting& hosting) {
  std::map<std::string, std::string> faults;
  publisher_.withdraw_others(hosting);
  for (const DomainConfiguration& domain : hosting.domains()) {
    if (!domain.url || publisher_.is_stopped()) continue;
    const std::string& name = domain.name->text();
    const auto published = publisher_.publish(hosting, domain);
    if (!published) {
      const std::string& fault = faults[name] = published.error().detail;
      if (faults_[name] != fault && !publisher_.is_stopped()) {
        std::string line = "the directory document of ";
        say_(false, line.append(name).append(" is not in step: ").append(fault));
      }
    } else if (*published) {
      const auto& document = publisher_.published()->at(*domain.name);
      say_(true, words_for(*domain.name, document.directory().epoch));
    }
  }
  faults_ = std::move(faults);
  failing_ = faults_.size();
  return faults_.empty();
}

std::chrono::milliseconds PublishingThread::step_ohttp(const Hosting& hosting) {
  const auto next = ohttp_->step(hosting);
  const std::string fault = next ? "" : next.error().detail;
  if (fault != ohttp_fault_ && !fault.empty() && !publisher_.is_stopped())
    say_(false, "the keys for Oblivious HTTP are not in step: " + fault);
  ohttp_fault_ = fault;
  ohttp_->counters().out_of_step = !next;
  const std::uint64_t rotations = ohttp_->counters().rotations;
  if (rotations != rotations_) say_(true, "a new key for Oblivious HTTP is published");
  rotations_ = rotations;
  return next ? *next : kRetry;
}

}  // namespace kt::gateway
