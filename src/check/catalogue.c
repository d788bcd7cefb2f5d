/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue: one row for each check, the only place where its id, severity, texts and references stand.
 *
 * References: CIS Docker Benchmark by the numbers of its version 1.6.0; Pod Security Standards by level and control;
 * NSA/CISA Kubernetes hardening by the ids of Trivy's k8s-nsa-1.0; the EU Cyber Resilience Act (2024/2847) by the
 * letters of Annex I, part I (2).
 */
#include "check_internal.h"

#include <string.h>

#define RESTRICTED PL_PROFILE_RESTRICTED
#define EVERY (PL_PROFILE_BASELINE | PL_PROFILE_RESTRICTED | PL_PROFILE_CIS)
#define CIS (PL_PROFILE_RESTRICTED | PL_PROFILE_CIS)

/* What several checks of the same weakness refer to; each list is sorted. */
#define REFERENCES_USER                                                                                            \
	"CIS-Docker-1.6.0/4.1", "Dockle/CIS-DI-0001", "ETSI-EN-303-645/5.6-7", "EU-CRA/I.I.2.b", "EU-CRA/I.I.2.j", \
		"EU-CRA/I.I.2.k", "IEC-62443-4-2/CCSC-3", "IEC-62443-4-2/CR-2.1", "NIST-SP-800-190/4.1.2",         \
		"NSA-CISA-K8s/1.0", "PSS-restricted/runAsNonRoot", "PSS-restricted/runAsUser", "Trivy/DS-0002"
#define REFERENCES_PRIVILEGED_FILES                                                              \
	"CIS-Docker-1.6.0/4.8", "Dockle/CIS-DI-0008", "ETSI-EN-303-645/5.6-6", "EU-CRA/I.I.2.j", \
		"IEC-62443-4-2/CR-7.7", "NIST-SP-800-190/4.1.2", "NSA-CISA-K8s/1.7"
#define REFERENCES_GROUP                                                                           \
	"CIS-Docker-1.6.0/4.1", "ETSI-EN-303-645/5.6-7", "EU-CRA/I.I.2.j", "IEC-62443-4-2/CCSC-3", \
		"NIST-SP-800-190/4.1.2", "NSA-CISA-K8s/1.6"
#define REFERENCES_LEAST_PRIVILEGE \
	"ETSI-EN-303-645/5.6-7", "EU-CRA/I.I.2.j", "IEC-62443-4-2/CCSC-3", "NIST-SP-800-190/4.1.2"
#define REFERENCES_INTEGRITY "EU-CRA/I.I.2.f", "IEC-62443-4-2/CR-3.4"

static const struct pl_check checks[] = {
	{
		.id = "image-app-user-unused",
		.severity = PL_SEVERITY_MEDIUM,
		.profiles = CIS,
		.title = "An account that is provided for the application is used",
		.why = "The .NET images, and others made like them, bring an ordinary account and its uid in APP_UID, "
		       "but most of them leave USER to whoever builds on them. Where that line is forgotten the "
		       "application runs as root beside a ready account.",
		.how = "Fails when the environment has APP_UID, a number other than 0, and USER is empty. Not "
		       "applicable without APP_UID.",
		.remedies = { { "Dockerfile", "USER $APP_UID" },
			      { "Kubernetes", "securityContext: { runAsNonRoot: true, runAsUser: 1654 }" } },
		.references = { REFERENCES_USER },
		.judge = pl_judge_app_user_unused,
	},
	{
		.id = "image-device-nodes",
		.severity = PL_SEVERITY_INFO,
		.profiles = RESTRICTED,
		.title = "The image brings no device nodes",
		.why = "Engines make the devices a container may use. A node in a layer does nothing good, and "
		       "something bad wherever the device rules are opened.",
		.how = "Fails for each character or block device in the merged layers. The 0:0 devices that mark "
		       "deletions do not count.",
		.remedies = { { "Dockerfile", "RUN find / -xdev \\( -type b -o -type c \\) -delete" } },
		.references = { "EU-CRA/I.I.2.j", "IEC-62443-4-2/CR-7.7" },
		.judge = pl_judge_device_nodes,
	},
	{
		.id = "image-entrypoint-writable",
		.severity = PL_SEVERITY_MEDIUM,
		.profiles = RESTRICTED,
		.title = "The user cannot change the code that is started",
		.why = "Whoever can write the program, its interpreter, or a directory that holds them keeps a "
		       "foothold across restarts, and where root starts it first, becomes root.",
		.how = "The entry point is found through PATH and links as the engine does; owner, group and mode of "
		       "each file and directory on the way are held against the user. Low when it is the user's own "
		       "file or group, medium when anyone may write, high when root starts the code and the user it "
		       "drops to can change it.",
		.remedies = { { "Dockerfile", "COPY --chown=0:0 --chmod=go-w app /app" },
			      { "docker run", "--read-only --tmpfs /tmp" },
			      { "Kubernetes", "securityContext: { readOnlyRootFilesystem: true }" } },
		.references = { "EU-CRA/I.I.2.f", "IEC-62443-4-2/CR-3.4", "NSA-CISA-K8s/1.1" },
		.judge = pl_judge_entrypoint_writable,
	},
	{
		.id = "image-file-capabilities",
		.severity = PL_SEVERITY_MEDIUM,
		.profiles = CIS,
		.title = "No file gives capabilities to whoever runs it",
		.why = "A container of a user other than root starts without capabilities, but its bounding set stays "
		       "full: one program with file capabilities gives them back, unless no_new_privs is set.",
		.how = "Fails for each regular file with the attribute security.capability. High when one of them can "
		       "be turned into root (CAP_SETUID, CAP_DAC_OVERRIDE, CAP_SYS_ADMIN and their like), low when it "
		       "is CAP_NET_BIND_SERVICE alone or nothing.",
		.remedies = { { "Dockerfile", "RUN setcap -r FILE" },
			      { "docker run", "--security-opt no-new-privileges --cap-drop ALL" },
			      { "Kubernetes", "securityContext: { allowPrivilegeEscalation: false, capabilities: { "
					      "drop: [ALL] } }" } },
		.references = { REFERENCES_PRIVILEGED_FILES },
		.judge = pl_judge_file_capabilities,
	},
	{
		.id = "image-incomplete",
		.severity = PL_SEVERITY_HIGH,
		.profiles = EVERY,
		.title = "Every layer could be read",
		.why = "What lies in a layer that cannot be read is not known, and neither is what that layer deletes "
		       "from those below.",
		.how = "Unknown when a layer is missing, damaged, of an unknown kind, over a limit, or not what its "
		       "digest says. The layers that could be read are judged as usual.",
		.remedies = { { "docker", "docker pull the image again" } },
		.references = { REFERENCES_INTEGRITY },
		.judge = pl_judge_incomplete,
	},
	{
		.id = "image-layer-ambiguous",
		.severity = PL_SEVERITY_LOW,
		.profiles = RESTRICTED,
		.title = "Every engine builds the same tree from the layers",
		.why = "A layer that engines unpack differently can show one tree to whoever checks it and another to "
		       "whoever runs it.",
		.how = "Fails when a layer names a path twice, deletes and brings the same path, leads through a link "
		       "of a lower layer, or does anything else that engines treat differently. What Docker's overlay "
		       "driver makes of it is judged.",
		.remedies = { { "Dockerfile", "Build the image again with the engine's own builder" } },
		.references = { REFERENCES_INTEGRITY },
		.judge = pl_judge_layer_ambiguous,
	},
	{
		.id = "image-path-writable",
		.severity = PL_SEVERITY_MEDIUM,
		.profiles = RESTRICTED,
		.title = "Only root can write on PATH",
		.why = "A program that the user leaves on PATH is started by the next health check, exec or script, "
		       "with that one's privileges.",
		.how = "Owner, group and mode of the directories on PATH, and of the files in them, are held against "
		       "the user. Low when they are the user's own, medium when anyone may write or when root runs "
		       "the container.",
		.remedies = { { "Dockerfile", "RUN chown -R 0:0 /usr/local/bin && chmod -R go-w /usr/local/bin" },
			      { "docker run", "--read-only" },
			      { "Kubernetes", "securityContext: { readOnlyRootFilesystem: true }" } },
		.references = { "EU-CRA/I.I.2.f", "IEC-62443-4-2/CR-3.4", "NSA-CISA-K8s/1.1" },
		.judge = pl_judge_path_writable,
	},
	{
		.id = "image-privileged-port",
		.severity = PL_SEVERITY_LOW,
		.profiles = RESTRICTED,
		.title = "The image exposes no port below 1024",
		.why = "Where an engine keeps low ports to root, such an image ends up running as root or with "
		       "CAP_NET_BIND_SERVICE.",
		.how = "Fails when ExposedPorts names a port from 1 to 1023. Docker from 20.10 and containerd from "
		       "2.0 let every user bind them in a network of the container's own; Podman, CRI-O, containerd "
		       "1.x and the host's network do not.",
		.remedies = { { "Dockerfile", "EXPOSE 8080" },
			      { "docker run", "-p 80:8080" },
			      { "Kubernetes", "ports: [ { containerPort: 8080 } ]" } },
		.references = { "ETSI-EN-303-645/5.6-1", "EU-CRA/I.I.2.j", "IEC-62443-4-2/CR-7.7",
				"NIST-SP-800-190/4.4.2" },
		.judge = pl_judge_privileged_port,
	},
	{
		.id = "image-root-then-drop",
		.severity = PL_SEVERITY_LOW,
		.profiles = RESTRICTED,
		.title = "Root is given up by USER, not by the entry point",
		.why = "An entry point that starts as root and drops leaves exec, health checks and everything before "
		       "the drop as root, needs CAP_SETUID and CAP_SETGID, and any other command stays root. The "
		       "kubelet refuses it under runAsNonRoot.",
		.how = "Applies to images that run as root. Fails when the entry point, or the script it is, calls "
		       "gosu, su-exec, setpriv, s6-setuidgid, chpst, runuser or the like, or starts a daemon that is "
		       "known to drop by itself. That it really drops only the running processes can show.",
		.remedies = { { "Dockerfile", "USER 999:999, with the files it needs prepared at build time" },
			      { "docker run", "--user 999:999" },
			      { "Kubernetes", "securityContext: { runAsNonRoot: true, runAsUser: 999 }" } },
		.references = { REFERENCES_LEAST_PRIVILEGE },
		.judge = pl_judge_root_then_drop,
	},
	{
		.id = "image-setid-files",
		.severity = PL_SEVERITY_MEDIUM,
		.profiles = CIS,
		.title = "The image has no set-user-id and set-group-id files",
		.why = "Such a file runs as its owner whoever starts it. One of root's gives back the whole bounding "
		       "set, unless no_new_privs is set.",
		.how = "Fails for each regular file with the set-user-id or set-group-id bit in the merged layers. "
		       "Low when none of them leads to root or its group.",
		.remedies = { { "Dockerfile", "RUN find / -xdev -type f -perm /6000 -exec chmod a-s {} +" },
			      { "docker run", "--security-opt no-new-privileges" },
			      { "Kubernetes", "securityContext: { allowPrivilegeEscalation: false }" } },
		.references = { REFERENCES_PRIVILEGED_FILES },
		.judge = pl_judge_setid_files,
	},
	{
		.id = "image-uid0-accounts",
		.severity = PL_SEVERITY_MEDIUM,
		.profiles = CIS,
		.title = "No account but root has uid 0",
		.why = "Whoever becomes such an account is root under another name. A line that only looks like an "
		       "ordinary account does it too: engines read a uid field that is no number as 0.",
		.how = "Every line of /etc/passwd is read as the engines read it. Fails for each account other than "
		       "root whose uid is 0 after that.",
		.remedies = { { "Dockerfile", "RUN sed -i '/^NAME:/d' /etc/passwd" } },
		.references = { REFERENCES_LEAST_PRIVILEGE },
		.judge = pl_judge_uid0_accounts,
	},
	{
		.id = "image-unreadable",
		.severity = PL_SEVERITY_HIGH,
		.profiles = EVERY,
		.title = "The image could be read",
		.why = "Nothing can be said of an image whose manifest or config is missing, damaged, or not what its "
		       "digest says.",
		.how = "Unknown when the store names an image that cannot be read; the finding says where it went "
		       "wrong.",
		.remedies = { { "docker", "docker pull the image again" } },
		.references = { REFERENCES_INTEGRITY },
		.judge = pl_judge_unreadable,
	},
	{
		.id = "image-user-alias",
		.severity = PL_SEVERITY_HIGH,
		.profiles = CIS,
		.title = "USER does not name root by another name",
		.why = "An image that says USER app and runs as root passes every check that only looks at the name.",
		.how = "Applies when USER is a name other than root. It is held against the image's passwd as the "
		       "engine does: a uid field that is no number is 0, one over 32 bits is cut.",
		.remedies = { { "Dockerfile", "RUN useradd -u 1654 app, then USER 1654" } },
		.references = { REFERENCES_USER },
		.judge = pl_judge_user_alias,
	},
	{
		.id = "image-user-ambiguous",
		.severity = PL_SEVERITY_HIGH,
		.profiles = CIS,
		.title = "Every engine runs the image as the same user",
		.why = "Engines and their versions read some USER strings differently: cut to 32 bits, looked up as a "
		       "name, refused. An image that one engine refuses, or runs as an ordinary user, another may run "
		       "as root (CVE-2024-40635, CVE-2026-46680).",
		.how = "USER is resolved by the rule of every supported engine and version. Fails when one of them "
		       "gives root and another does not; when none gives root, a difference is information, and a "
		       "user that the config names twice is low.",
		.remedies = { { "Dockerfile", "USER 1654, or USER 1654:1654" } },
		.references = { REFERENCES_USER },
		.judge = pl_judge_user_ambiguous,
	},
	{
		.id = "image-user-group-root",
		.severity = PL_SEVERITY_LOW,
		.profiles = CIS,
		.title = "The user is not in a powerful group",
		.why = "What belongs to the group root, shadow, disk or docker is within reach of everyone in it.",
		.how = "Primary and supplementary groups as the engine sets them. Low for group 0, which images made "
		       "for OpenShift need; medium for disk, docker, incus, kmem, libvirt, lxd, podman, shadow, sudo "
		       "and wheel.",
		.remedies = { { "Dockerfile", "USER 1654:1654" },
			      { "docker run", "--user 1654:1654" },
			      { "Kubernetes", "securityContext: { runAsGroup: 1654 }" } },
		.references = { REFERENCES_GROUP },
		.judge = pl_judge_user_group_root,
	},
	{
		.id = "image-user-not-numeric",
		.severity = PL_SEVERITY_MEDIUM,
		.profiles = CIS,
		.title = "USER is a number, so that Kubernetes can see that it is not root",
		.why = "The kubelet does not look into the image: under runAsNonRoot it refuses to start a container "
		       "whose USER is a name.",
		.how = "The kubelet's own rule is put to the text before the first colon. Not applicable when the "
		       "image is root or no engine would start it.",
		.remedies = { { "Dockerfile", "USER 1654" }, { "Kubernetes", "securityContext: { runAsUser: 1654 }" } },
		.references = { REFERENCES_USER },
		.judge = pl_judge_user_not_numeric,
	},
	{
		.id = "image-user-reserved-uid",
		.severity = PL_SEVERITY_LOW,
		.profiles = RESTRICTED,
		.title = "The uid is not one that others use already",
		.why = "Without a user namespace a uid in the container is the same uid on the host, with its files "
		       "and processes.",
		.how = "Low for uids 1 to 99, which distributions hand out; information for 100 to 999, the range of "
		       "system accounts, and for 65534.",
		.remedies = { { "Dockerfile", "USER 1654, or any uid from 1000 on" } },
		.references = { REFERENCES_LEAST_PRIVILEGE },
		.judge = pl_judge_user_reserved_uid,
	},
	{
		.id = "image-user-root",
		.severity = PL_SEVERITY_HIGH,
		.profiles = CIS,
		.title = "The image runs as a user other than root",
		.why = "Root in a container is root of the host's kernel with some privileges taken away. A flaw in "
		       "the application, the engine or the kernel then costs the host, where it would have cost one "
		       "account.",
		.how = "USER is resolved against the image's own passwd by the rule of the engine whose store it is. "
		       "Fails when the uid is 0, however it is spelled: no USER, 0, 00, root, an alias, a uid cut to "
		       "32 bits.",
		.remedies = { { "Dockerfile", "USER 1654" },
			      { "docker run", "--user 1654:1654" },
			      { "Kubernetes", "securityContext: { runAsNonRoot: true, runAsUser: 1654 }" } },
		.references = { REFERENCES_USER },
		.judge = pl_judge_user_root,
	},
	{
		.id = "image-user-unresolvable",
		.severity = PL_SEVERITY_MEDIUM,
		.profiles = CIS,
		.title = "The engine can find the user",
		.why = "An engine that cannot resolve USER does not start the container. What cannot start is not "
		       "thereby unprivileged: the usual way out is to run it as root.",
		.how = "USER is resolved against the image's own passwd and group by the rule of the engine whose "
		       "store it is. Fails with the engine's own message.",
		.remedies = { { "Dockerfile", "RUN useradd -u 1654 app, then USER 1654" } },
		.references = { REFERENCES_USER },
		.judge = pl_judge_user_unresolvable,
	},
};

const struct pl_check *pl_checks(size_t *n_out)
{
	*n_out = sizeof(checks) / sizeof(*checks);
	return checks;
}

const struct pl_check *pl_check_find(const char *id)
{
	size_t n = sizeof(checks) / sizeof(*checks);

	for (size_t i = 0; i < n; i++) {
		if (!strcmp(checks[i].id, id))
			return &checks[i];
	}
	return NULL;
}

static const char *const severities[PL_SEVERITIES] = { "info", "low", "medium", "high", "critical" };

const char *pl_severity_name(enum pl_severity severity)
{
	return severities[severity];
}

const char *pl_status_name(enum pl_status status)
{
	static const char *const names[] = { "pass", "fail", "unknown", "not-applicable" };

	return names[status];
}

const char *pl_subject_kind_name(enum pl_subject_kind kind)
{
	static const char *const names[] = { "image", "container", "host" };

	return names[kind];
}

const char *pl_profile_name(enum pl_profile profile)
{
	return profile == PL_PROFILE_BASELINE ? "baseline" : profile == PL_PROFILE_CIS ? "cis" : "restricted";
}

const char *pl_compliance_name(enum pl_compliance compliance)
{
	static const char *const names[] = { "pass", "unknown", "fail" };

	return names[compliance];
}
