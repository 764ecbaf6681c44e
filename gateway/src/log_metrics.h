// The metrics of the logs that a gateway serves, or asks at other gateways. Internal.
// docs/operations.md says what each is for.
//
// Thread rule: any thread.
#pragma once

#include <vector>

#include "hosting.h"
#include "prometheus_text.h"

namespace kt::gateway {

// Logs are named by their alias.
void write_log_metrics(const std::vector<HostedLog>& logs, Timestamp now, PrometheusText& text);

}  // namespace kt::gateway
