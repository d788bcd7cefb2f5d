# SPDX-License-Identifier: Apache-2.0
#
# pl_write_sbom(FILE): a CycloneDX 1.5 bill of what goes into the program: every dependency with the hash of the tarball it
# was built from, the C library of the musl targets, and the compiler. No time and no serial number: the same build
# writes the same file.
include_guard(GLOBAL)

# One component: SCOPE is "required" for what is linked in, "excluded" for what only made it.
function(pl_sbom_component out type scope name version purl license hash)
	if(license MATCHES " (OR|AND|WITH) ")
		set(license "{ \"expression\": \"${license}\" }")
	else()
		set(license "{ \"license\": { \"id\": \"${license}\" } }")
	endif()
	set(hashes "")
	if(hash)
		set(hashes ",\n      \"hashes\": [ { \"alg\": \"SHA-256\", \"content\": \"${hash}\" } ]")
	endif()
	if(purl)
		set(purl ",\n      \"purl\": \"${purl}\"")
	endif()
	string(CONCAT component
		"    {\n      \"type\": \"${type}\",\n      \"bom-ref\": \"${name}\",\n      \"name\": \"${name}\",\n"
		"      \"version\": \"${version}\",\n      \"scope\": \"${scope}\",\n      \"licenses\": [ ${license} ]${hashes}${purl}\n    }")
	set(${out} "${component}" PARENT_SCOPE)
endfunction()

function(pl_write_sbom file)
	set(components "")
	set(refs "")
	foreach(name IN LISTS PL_DEPENDENCIES)
		set(purl "")
		set(package_version "${PL_DEP_${name}_package_version}")
		if(package_version)
			string(REPLACE "+" "%2B" package_version "${package_version}")
			set(purl "pkg:deb/debian/${PL_DEP_${name}_PACKAGE}@${package_version}?arch=source")
		elseif(NOT PLIMSOLL_SYSTEM_DEPS)
			set(purl "pkg:generic/${name}@${PL_DEP_${name}_version}")
		endif()
		pl_sbom_component(component library required "${name}" "${PL_DEP_${name}_version}" "${purl}" "${PL_DEP_${name}_LICENSE}"
			"${PL_DEP_${name}_sha256}")
		list(APPEND components "${component}")
		list(APPEND refs "\"${name}\"")
	endforeach()
	if(PL_TARGET_MUSL)
		file(STRINGS "${CMAKE_SYSROOT_INFO}" lines REGEX "^(package|package_version|sha256)=")
		list(JOIN lines "\n" text)
		string(REGEX MATCH "package=musl-dev\npackage_version=([^\n]*)\nsha256=([^\n]*)" ignored "${text}")
		set(package_version "${CMAKE_MATCH_1}")
		set(hash "${CMAKE_MATCH_2}")
		string(REGEX REPLACE "-[^-]*$" "" version "${package_version}")
		string(REPLACE "+" "%2B" package_version "${package_version}")
		pl_sbom_component(component library required musl "${version}"
			"pkg:deb/debian/musl-dev@${package_version}?arch=${PL_DEBIAN_ARCH}" MIT "${hash}")
		list(APPEND components "${component}")
		list(APPEND refs "\"musl\"")
	endif()
	string(TOLOWER "${CMAKE_C_COMPILER_ID}" compiler)
	string(REPLACE "gnu" "gcc" compiler "${compiler}")
	set(license "GPL-3.0-or-later WITH GCC-exception-3.1")
	if(compiler MATCHES "clang")
		set(license "Apache-2.0 WITH LLVM-exception")
	endif()
	pl_sbom_component(component application excluded "${compiler}" "${CMAKE_C_COMPILER_VERSION}" "" "${license}" "")
	list(APPEND components "${component}")
	list(JOIN components ",\n" components)
	list(JOIN refs ", " refs)
	file(CONFIGURE OUTPUT "${file}" @ONLY CONTENT [==[{
  "bomFormat": "CycloneDX",
  "specVersion": "1.5",
  "version": 1,
  "metadata": {
    "component": {
      "type": "application",
      "bom-ref": "plimsoll",
      "name": "plimsoll",
      "version": "@PROJECT_VERSION@",
      "licenses": [ { "license": { "id": "Apache-2.0" } } ]
    },
    "properties": [
      { "name": "plimsoll:target", "value": "@PL_TARGET_NAME@" },
      { "name": "plimsoll:build-type", "value": "@CMAKE_BUILD_TYPE@" }
    ]
  },
  "components": [
@components@
  ],
  "dependencies": [
    { "ref": "plimsoll", "dependsOn": [ @refs@ ] }
  ]
}
]==])
endfunction()
