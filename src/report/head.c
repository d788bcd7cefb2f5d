/* SPDX-License-Identifier: Apache-2.0 */
/* Which machine, when, and the sums. */
#include "plimsoll/report.h"

#include <errno.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

#include "plimsoll/fd.h"

static void read_boot_id(char out[static 37])
{
	PL_CLEANUP_FD int fd = pl_open("/proc/sys/kernel/random/boot_id", 0);

	if (fd < 0 || pl_read_full(fd, out, 36) != 36)
		out[0] = 0;
	out[36] = 0;
}

int pl_report_head_init(struct pl_report_head *head, const char *device, enum pl_profile profile,
			enum pl_severity fail_on)
{
	struct timex clock = { 0 };
	struct timespec now, since_boot;
	int64_t tenths;
	struct tm utc;

	*head = (struct pl_report_head){ .device = device, .profile = profile, .fail_on = fail_on };
	if (uname(&head->host) < 0 || clock_gettime(CLOCK_REALTIME, &now) < 0 ||
	    clock_gettime(CLOCK_BOOTTIME, &since_boot) < 0)
		return -errno;
	if (!gmtime_r(&now.tv_sec, &utc) || !strftime(head->time, sizeof(head->time), "%Y-%m-%dT%H:%M:%SZ", &utc))
		return -EOVERFLOW;
	head->quality = adjtimex(&clock) < 0 || clock.status & STA_UNSYNC ? "unsynced" : "synced";
	/* tenths are enough, and readable */
	tenths = since_boot.tv_sec * 10 + since_boot.tv_nsec / 100000000;
	head->uptime_s = (double)tenths / 10;
	read_boot_id(head->boot);
	return pl_policy_digest(profile, fail_on, &head->policy);
}

const char *pl_report_device(const struct pl_report_head *head)
{
	return head->device ? head->device : head->host.nodename;
}

const char *pl_report_arch(const struct pl_report_head *head)
{
	static const struct {
		const char *machine, *go;
	} names[] = { { "aarch64", "arm64" }, { "x86_64", "amd64" }, { "i686", "386" }, { "loongarch64", "loong64" } };
	const char *machine = head->host.machine;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(machine, names[i].machine))
			return names[i].go;
	}
	return strncmp(machine, "arm", 3) ? machine : "arm";
}

void pl_summary_add(struct pl_summary *summary, const struct pl_subject *subject)
{
	summary->subjects++;
	summary->pass += subject->verdict == PL_COMPLIANT;
	summary->fail += subject->verdict == PL_VIOLATES;
	summary->unknown += subject->verdict == PL_UNDECIDED;
	for (size_t i = 0; i < subject->n_findings; i++) {
		if (subject->findings[i].status == PL_STATUS_FAIL)
			summary->findings[subject->findings[i].severity]++;
	}
}

enum pl_compliance pl_summary_verdict(const struct pl_summary *summary)
{
	return summary->fail ? PL_VIOLATES : summary->unknown ? PL_UNDECIDED : PL_COMPLIANT;
}

void pl_sink_free(struct pl_sink **sink)
{
	if (*sink)
		(*sink)->free(*sink);
	*sink = NULL;
}
