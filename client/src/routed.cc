#include "routed.h"

namespace kt::client {

Result<Bytes> only_answer(const federation::RoutedResponse& response, const Subject& subject) {
  if (response.answers.size() != 1 || response.answers.front().log_id != subject.log.hash())
    return fail(Errc::verification_failed,
                "the gateway has not asked the log that has the label by the directory document");
  return response.answers.front().response;
}

bool is_newer(const federation::RoutedResponse& response, const Subject& subject) {
  return response.epoch > subject.known.current().epoch.value();
}

}  // namespace kt::client
