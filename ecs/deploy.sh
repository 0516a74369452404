#!/usr/bin/env bash
# Brings snowtrack to ECS: the stack, then the image to its repository, then a new revision of the task definition.
#
#   ecs/deploy.sh [--dry-run] [SETTINGS]      SETTINGS is ecs/settings.env by default (settings.example.env is one to copy)
#
# Again and again: what is as it should be stays. The next scheduled run takes the newest revision. Needs the AWS CLI, git, and
# something that builds images (CONTAINER=docker|podman). --dry-run says each command and prints the task definition, and asks nobody.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dry=false
settings=$here/settings.env
for argument in "$@"; do
    case $argument in
        --dry-run) dry=true ;;
        -h | --help) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit ;;
        -*) printf 'deploy: unknown option `%s`\n' "$argument" >&2 && exit 2 ;;
        *) settings=$argument ;;
    esac
done

fail() { printf 'deploy: %s\n' "$1" >&2; exit 2; }

[[ -r $settings ]] || fail "no \`$settings\`: copy ecs/settings.example.env"
declare -A value=([STACK]=snowtrack [PREFIX]=spotify-data/ [ASSIGN_PUBLIC_IP]=ENABLED [EGRESS_PORT]=443
    [SCHEDULE]='cron(0 5 * * ? *)' [SCHEDULE_TIMEZONE]=UTC [SCHEDULE_STATE]=ENABLED [ARGUMENTS]=run [CPU]=512 [MEMORY]=1024
    [GOOD_RUN_HOURS]=26 [MANIFEST_HOURS]=168 [LOG_RETENTION_DAYS]=30 [SNOWFLAKE_EXTERNAL_ID]=not-known-yet)
while IFS= read -r line || [[ -n $line ]]; do
    [[ $line =~ ^[[:space:]]*(#|$) ]] && continue
    [[ $line =~ ^([A-Z0-9_]+)=(.*)$ ]] || fail "\`$settings\` has a line that is no NAME=value: $line"
    name=${BASH_REMATCH[1]} text=${BASH_REMATCH[2]}
    grep -q "^$name=" "$here/settings.example.env" || fail "\`$settings\` sets \`$name\`, which nothing reads"
    # Empty is as if it were not there. Both quote and backslash would have to be escaped in JSON, and nothing here has them.
    [[ $text == *[\"\\]* ]] && fail "\`$name\` in \`$settings\` has a quote or a backslash"
    [[ -n $text ]] && value[$name]=$text
done <"$settings"
required=(REGION BUCKET VPC_ID SUBNET_IDS SPOTIFY_CLIENT_ID SPOTIFY_REFRESH_TOKEN_ARN)
[[ "${value[ARGUMENTS]} " =~ \ --(mine|liked|playlist|demo)[\ =] ]] || required+=(SPOTIFY_PLAYLIST_IDS)
for name in "${required[@]}"; do
    [[ -n ${value[$name]:-} ]] || fail "\`$settings\` does not set \`$name\`"
done
if [[ -n ${value[SNOWFLAKE_ACCOUNT]:-} ]]; then
    for name in SNOWFLAKE_USER SNOWFLAKE_PRIVATE_KEY_ARN; do
        [[ -n ${value[$name]:-} ]] || fail "\`$settings\` sets SNOWFLAKE_ACCOUNT and not \`$name\`"
    done
fi
value[FAMILY]=${value[STACK]}
# The totals have no dimension: two stacks of one namespace would silence each other's alarms.
value[METRICS_NAMESPACE]=${value[METRICS_NAMESPACE]:-${value[STACK]}}
read -ra words <<<"${value[ARGUMENTS]}"
value[COMMAND]=$(printf ', "%s"' "${words[@]}") && value[COMMAND]=${value[COMMAND]#, }
export AWS_REGION=${value[REGION]} AWS_DEFAULT_REGION=${value[REGION]} AWS_PAGER=

# Says what it does; a dry run does nothing else.
run() {
    printf '+' >&2
    printf ' %q' "$@" >&2
    printf '\n' >&2
    $dry || "$@"
}

# 1. The stack, with the repository.
parameters=()
# The empty ones, too: a parameter that is not named keeps what the last deployment gave it.
add() { parameters+=("$1=${value[$2]:-}"); }
add BucketName BUCKET
add Prefix PREFIX
add VpcId VPC_ID
add SubnetIds SUBNET_IDS
add AssignPublicIp ASSIGN_PUBLIC_IP
add EgressPort EGRESS_PORT
add KinesisStream KINESIS_STREAM
add Family FAMILY
add ScheduleExpression SCHEDULE
add ScheduleTimezone SCHEDULE_TIMEZONE
add ScheduleState SCHEDULE_STATE
add SpotifyRefreshTokenArn SPOTIFY_REFRESH_TOKEN_ARN
add SpotifyClientSecretArn SPOTIFY_CLIENT_SECRET_ARN
add SnowflakePrivateKeyArn SNOWFLAKE_PRIVATE_KEY_ARN
add AlertUrlArn SNOWTRACK_ALERT_URL_ARN
add OtlpHeadersArn OTEL_EXPORTER_OTLP_HEADERS_ARN
add SecretsKeyArn SECRETS_KEY_ARN
add SnowflakeUserArn SNOWFLAKE_USER_ARN
add SnowflakeExternalId SNOWFLAKE_EXTERNAL_ID
add SnowpipeQueueArn SNOWPIPE_QUEUE_ARN
add AlarmEmail ALARM_EMAIL
add MetricsNamespace METRICS_NAMESPACE
add GoodRunHours GOOD_RUN_HOURS
add ManifestHours MANIFEST_HOURS
add LogRetentionDays LOG_RETENTION_DAYS
run aws cloudformation deploy --stack-name "${value[STACK]}" --template-file "$here/stack.yaml" \
    --capabilities CAPABILITY_NAMED_IAM --no-fail-on-empty-changeset --parameter-overrides "${parameters[@]}"

output() { # NAME
    if $dry; then
        printf '<%s of the stack>' "$1"
    else
        local found
        found=$(aws cloudformation describe-stacks --stack-name "${value[STACK]}" --output text \
            --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue | [0]")
        [[ -n $found && $found != None ]] || fail "the stack \`${value[STACK]}\` has no output \`$1\`"
        printf '%s' "$found"
    fi
}
value[TASK_ROLE_ARN]=$(output TaskRoleArn)
value[EXECUTION_ROLE_ARN]=$(output ExecutionRoleArn)
value[LOG_GROUP]=$(output LogGroupName)
value[TOPIC_ARN]=$(output TopicArn)
repository=$(output RepositoryUri)

# 2. The image. Its tag is the commit, and never changes: what is there already stays. Where what goes into it is not what was
# committed, the tag says what lies here, too.
container=${CONTAINER:-docker}
root=$(cd "$here/.." && pwd)
revision=$(git -C "$root" rev-parse HEAD)
tag=${revision:0:12}
mapfile -t inputs < <(sed -n 's/^!//p' "$root/.dockerignore")
inputs+=(.dockerignore docker/Dockerfile)
if [[ -n $(git -C "$root" status --porcelain -- "${inputs[@]}") ]]; then
    # A file that was removed has no sum, which says so as well.
    contents=$(cd "$root" && git ls-files -z --cached --others --exclude-standard --deduplicate -- "${inputs[@]}" |
        { xargs -0 sha256sum 2>/dev/null || true; } | sha256sum)
    tag+=-${contents:0:12}
    printf 'deploy: what lies here is not commit %s: the image is `%s`\n' "${revision:0:12}" "$tag" >&2
fi
value[IMAGE]=$repository:$tag
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -1)
# Where the source is, if that is a page; never with somebody's password in it.
source=$(git -C "$root" remote get-url origin 2>/dev/null | sed -n 's|^\(https://\)\([^/@]*@\)\{0,1\}|\1|p') || source=
if ! $dry && aws ecr describe-images --repository-name "${value[STACK]}" --image-ids "imageTag=$tag" >/dev/null 2>&1; then
    printf 'deploy: %s is there already\n' "${value[IMAGE]}" >&2
else
    # For the processor that the task asks for, whatever this machine's is; and as one manifest, without attestations beside it.
    BUILDX_NO_DEFAULT_ATTESTATIONS=1 run "$container" build --platform linux/amd64 -f "$root/docker/Dockerfile" --target snowtrack \
        --build-arg "VERSION=$version" --build-arg "REVISION=$tag" --build-arg "SOURCE=$source" -t "${value[IMAGE]}" "$root"
    if $dry; then
        run "$container" login --username AWS --password-stdin "${repository%%/*}"
    else
        aws ecr get-login-password | "$container" login --username AWS --password-stdin "${repository%%/*}"
    fi
    run "$container" push "${value[IMAGE]}"
fi

# 3. The task definition: names filled in; a line with a name that has no value is left out.
render() {
    local line name
    while IFS= read -r line || [[ -n $line ]]; do
        while [[ $line =~ \$\{([A-Z_]+)\} ]]; do
            name=${BASH_REMATCH[1]}
            [[ -n ${value[$name]:-} ]] || continue 2
            line=${line//"\${$name}"/"${value[$name]}"}
        done
        printf '%s\n' "$line"
    done <"$here/task-definition.json"
}
definition=$(render)
if $dry; then
    run aws ecs register-task-definition --cli-input-json '<the following>'
    printf '%s\n' "$definition"
else
    aws ecs register-task-definition --cli-input-json "$definition" --output text \
        --query 'taskDefinition.taskDefinitionArn'
fi
