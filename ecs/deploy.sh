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
declare -A value=([STACK]=snowtrack [PREFIX]=spotify-data/ [ASSIGN_PUBLIC_IP]=ENABLED [SCHEDULE]='cron(0 5 * * ? *)'
    [SCHEDULE_TIMEZONE]=UTC [SCHEDULE_STATE]=ENABLED [SNOWFLAKE_EXTERNAL_ID]=not-known-yet [METRICS_NAMESPACE]=snowtrack)
while IFS= read -r line || [[ -n $line ]]; do
    [[ $line =~ ^[[:space:]]*(#|$) ]] && continue
    [[ $line =~ ^([A-Z0-9_]+)=(.*)$ ]] || fail "\`$settings\` has a line that is no NAME=value: $line"
    name=${BASH_REMATCH[1]} text=${BASH_REMATCH[2]}
    grep -q "^$name=" "$here/settings.example.env" || fail "\`$settings\` sets \`$name\`, which nothing reads"
    # Empty is as if it were not there. Both quote and backslash would have to be escaped in JSON, and nothing here has them.
    [[ $text == *[\"\\]* ]] && fail "\`$name\` in \`$settings\` has a quote or a backslash"
    [[ -n $text ]] && value[$name]=$text
done <"$settings"
for name in REGION BUCKET VPC_ID SUBNET_IDS SPOTIFY_CLIENT_ID SPOTIFY_PLAYLIST_IDS SPOTIFY_REFRESH_TOKEN_ARN; do
    [[ -n ${value[$name]:-} ]] || fail "\`$settings\` does not set \`$name\`"
done
if [[ -n ${value[SNOWFLAKE_ACCOUNT]:-} ]]; then
    for name in SNOWFLAKE_USER SNOWFLAKE_PRIVATE_KEY_ARN; do
        [[ -n ${value[$name]:-} ]] || fail "\`$settings\` sets SNOWFLAKE_ACCOUNT and not \`$name\`"
    done
fi
value[FAMILY]=${value[STACK]}
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
add() { [[ -z ${value[$2]:-} ]] || parameters+=("$1=${value[$2]}"); }
add BucketName BUCKET
add Prefix PREFIX
add VpcId VPC_ID
add SubnetIds SUBNET_IDS
add AssignPublicIp ASSIGN_PUBLIC_IP
add Family FAMILY
add ScheduleExpression SCHEDULE
add ScheduleTimezone SCHEDULE_TIMEZONE
add ScheduleState SCHEDULE_STATE
add SpotifyRefreshTokenArn SPOTIFY_REFRESH_TOKEN_ARN
add SpotifyClientSecretArn SPOTIFY_CLIENT_SECRET_ARN
add SnowflakePrivateKeyArn SNOWFLAKE_PRIVATE_KEY_ARN
add SnowflakeUserArn SNOWFLAKE_USER_ARN
add SnowflakeExternalId SNOWFLAKE_EXTERNAL_ID
add SnowpipeQueueArn SNOWPIPE_QUEUE_ARN
add AlarmEmail ALARM_EMAIL
add MetricsNamespace METRICS_NAMESPACE
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

# 2. The image. Its tag is the commit, and never changes: what is there already stays.
container=${CONTAINER:-docker}
tag=$(git -C "$here" rev-parse --short=12 HEAD)
[[ -z $(git -C "$here" status --porcelain -- ../src ../sql ../dbt/models ../docker ../Cargo.lock ../Cargo.toml) ]] ||
    printf 'deploy: the image is of what lies here, which is not quite commit %s\n' "$tag" >&2
value[IMAGE]=$repository:$tag
if ! $dry && aws ecr describe-images --repository-name "${value[STACK]}" --image-ids "imageTag=$tag" >/dev/null 2>&1; then
    printf 'deploy: %s is there already\n' "${value[IMAGE]}" >&2
else
    run "$container" build -f "$here/../docker/Dockerfile" --target snowtrack -t "${value[IMAGE]}" "$here/.."
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
