// SPDX-License-Identifier: MIT
/* Compiled only for its BTF: scripts/generate-layout.ts makes src/model/layout.generated.ts from it. */
#include <linux/types.h>

#include "record.h"

struct layout {
	struct frame frame;
	struct event event;
	struct event_ct event_ct;
	struct process process;
	struct loss loss;
	struct heartbeat heartbeat;
	enum frame_type frame_type;
	enum tap tap;
	enum identity identity;
	enum loss_cause loss_cause;
} layout = {};
