# libopenvswitch, static and with TLS, out of Debian's openvswitch-source: the part of it that an
# OVSDB client needs. It is built once and kept below ${XDG_CACHE_HOME:-~/.cache}/patchbay, where
# nothing is ever required: a build without that directory works, 20 seconds slower.
#
# patchbay::openvswitch is for common/ovsdb/shim.c alone. Its headers are no C++, and one of them
# hides libnl's.
enable_language(C)
set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})

set(PATCHBAY_OVS_TARBALL
    /usr/src/openvswitch/openvswitch.tar.gz
    CACHE FILEPATH "Source of Open vSwitch, from Debian's package openvswitch-source")
if(NOT EXISTS ${PATCHBAY_OVS_TARBALL})
  message(
    FATAL_ERROR
      "${PATCHBAY_OVS_TARBALL} is missing: apt-get install openvswitch-source, "
      "or configure with -DPATCHBAY_OVS=OFF to build everything but the ovs plugin.")
endif()
find_program(MAKE_PROGRAM NAMES gmake make REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_library(SSL_STATIC libssl.a REQUIRED)
find_library(CRYPTO_STATIC libcrypto.a REQUIRED)

# 65 of about 200 objects; from the link map of a client that uses jsonrpc, ovsdb-cs and the IDL.
# With another version of Open vSwitch a missing one shows as an undefined symbol.
set(OVS_OBJECTS
    aes128 async-append-aio backtrace byteq coverage crc32c csum dirs dns-resolve-stub dp-packet
    dynamic-string entropy fatal-signal guarded-list hash hmap json jsonrpc latch-unix ofpbuf
    ovs-rcu ovs-replay ovs-thread ovsdb-condition ovsdb-cs ovsdb-data ovsdb-error ovsdb-idl
    ovsdb-map-op ovsdb-parser ovsdb-session ovsdb-set-op ovsdb-types packets poll-loop random
    reconnect seq sha1 shash signals simap skiplist smap socket-util-unix socket-util sort sset
    stream-fd stream-replay stream-tcp stream-unix stream stream-ssl svec syslog-direct syslog-libc
    syslog-null timeval token-bucket unicode unixctl util uuid vlog vswitch-idl)
list(TRANSFORM OVS_OBJECTS REPLACE "(.+)" "lib/\\1.lo" OUTPUT_VARIABLE OVS_TARGETS)
list(TRANSFORM OVS_OBJECTS REPLACE "(.+)" "lib/\\1.o" OUTPUT_VARIABLE OVS_FILES)
set(OVS_GENERATED include/odp-netlink.h include/odp-netlink-macros.h lib/vswitch-idl.h
                  lib/ovsdb-server-idl.h)
set(OVS_CFLAGS -O2 -g0 -ffunction-sections -fdata-sections ${PATCHBAY_STACK_PROTECTOR}
               ${PATCHBAY_FORTIFY})
list(JOIN OVS_CFLAGS " " OVS_CFLAGS)
set(OVS_CONFIGURE
    ac_cv_lib_unbound_ub_ctx_create=no ac_cv_lib_unwind_unw_backtrace=no --quiet --enable-ssl
    --disable-libcapng --disable-afxdp --disable-shared --enable-static --enable-silent-rules
    --disable-dependency-tracking --prefix=/usr --localstatedir=/var --sysconfdir=/etc)

# Everything that the result depends on. (Libraries that happen to be installed are left alone.)
file(SHA256 ${PATCHBAY_OVS_TARBALL} OVS_HASH)
string(
  SHA256
  OVS_KEY
  "${OVS_HASH} ${OVS_OBJECTS} ${OVS_CFLAGS} ${OVS_CONFIGURE} ${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION} ${CMAKE_SYSTEM_PROCESSOR}"
)
string(SUBSTRING ${OVS_KEY} 0 16 OVS_KEY)
if(DEFINED ENV{XDG_CACHE_HOME})
  set(OVS_CACHE $ENV{XDG_CACHE_HOME}/patchbay/ovs-${OVS_KEY})
elseif(DEFINED ENV{HOME})
  set(OVS_CACHE $ENV{HOME}/.cache/patchbay/ovs-${OVS_KEY})
else()
  set(OVS_CACHE ${CMAKE_BINARY_DIR}/ovs/cache-${OVS_KEY})
endif()

# OVS_STAGE holds libopenvswitch.a and include/, built here or copied from the cache.
set(OVS_STAGE ${CMAKE_BINARY_DIR}/ovs/stage-${OVS_KEY})
set(OVS_ARCHIVE ${OVS_STAGE}/libopenvswitch.a)
if(NOT EXISTS ${OVS_ARCHIVE} AND EXISTS ${OVS_CACHE}/libopenvswitch.a)
  message(STATUS "Open vSwitch: from ${OVS_CACHE}")
  file(COPY ${OVS_CACHE}/ DESTINATION ${OVS_STAGE})
endif()

add_library(patchbay_openvswitch STATIC IMPORTED GLOBAL)
add_library(patchbay::openvswitch ALIAS patchbay_openvswitch)
file(MAKE_DIRECTORY ${OVS_STAGE}/include ${OVS_STAGE}/include/lib)
set_target_properties(
  patchbay_openvswitch
  PROPERTIES IMPORTED_LOCATION ${OVS_ARCHIVE}
             INTERFACE_INCLUDE_DIRECTORIES "${OVS_STAGE}/include;${OVS_STAGE}/include/lib"
             INTERFACE_LINK_LIBRARIES "${SSL_STATIC};${CRYPTO_STATIC};atomic;m;pthread")
if(PATCHBAY_STATIC)
  # libcrypto could resolve names, and is never asked to: glibc's resolver does not work in a static
  # executable. (It could load modules, too: see shim.c.)
  patchbay_leave_out(
    patchbay_openvswitch freeaddrinfo gai_strerror getaddrinfo gethostbyname getnameinfo)
  target_link_options(patchbay_openvswitch INTERFACE LINKER:--wrap=dlopen)
endif()

# The target openvswitch leaves archive and headers.
if(EXISTS ${OVS_ARCHIVE})
  add_custom_target(openvswitch)
else()
  include(ExternalProject)
  cmake_host_system_information(RESULT OVS_JOBS QUERY NUMBER_OF_LOGICAL_CORES)
  ExternalProject_Add(
    openvswitch
    PREFIX ${CMAKE_BINARY_DIR}/ovs
    URL ${PATCHBAY_OVS_TARBALL}
    URL_HASH SHA256=${OVS_HASH}
    DOWNLOAD_EXTRACT_TIMESTAMP TRUE
    CONFIGURE_COMMAND
      ${CMAKE_COMMAND} -E env "CC=${CMAKE_C_COMPILER_LAUNCHER} ${CMAKE_C_COMPILER}" "CFLAGS=${OVS_CFLAGS}"
      "PYTHON3=${Python3_EXECUTABLE}" <SOURCE_DIR>/configure ${OVS_CONFIGURE}
    BUILD_COMMAND ${MAKE_PROGRAM} -s -j${OVS_JOBS} ${OVS_GENERATED}
    COMMAND ${MAKE_PROGRAM} -s -j${OVS_JOBS} ${OVS_TARGETS}
    COMMAND ${CMAKE_AR} crs libopenvswitch.a ${OVS_FILES}
    INSTALL_COMMAND
      ${CMAKE_COMMAND} -D SOURCE=<SOURCE_DIR> -D BUILD=<BINARY_DIR> -D STAGE=${OVS_STAGE} -D
      CACHE=${OVS_CACHE} -P ${CMAKE_CURRENT_LIST_DIR}/OvsStage.cmake
    BUILD_BYPRODUCTS ${OVS_ARCHIVE}
    LOG_CONFIGURE ON
    LOG_BUILD ON
    LOG_INSTALL ON
    LOG_OUTPUT_ON_FAILURE ON)
  add_dependencies(patchbay_openvswitch openvswitch)
endif()

# The licence asks for it: parts of Open vSwitch (Apache-2.0) are in the executable.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/licences/openvswitch
        DESTINATION share/doc/patchbay/licences)
