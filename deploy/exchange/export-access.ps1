<#
.SYNOPSIS
Writes who has access to which mailbox to a CSV file that mailbot reads.

.DESCRIPTION
THIS SCRIPT WAS NEVER RUN AGAINST A REAL EXCHANGE. It was parsed, and held to a list of commands that only read.
Run it by hand first, on a test server if you have one, and compare a few lines with what you know.

It only reads (Get- commands) and writes one file: exchange.access_export of mailbot.toml. No protocol tells
mailbot who has full access to a mailbox; this file does, every night.

It needs an open session: the Exchange Management Shell on premises, or Connect-ExchangeOnline with -Online.
README.md beside this script says which rights it needs, how to give no more than those, and how to schedule it.

Left out are entries that a mailbox inherits (those of administrators on a whole database), entries that deny
something, and the mailbox's own NT AUTHORITY\SELF. A trustee without a mail address is written as a question
mark: mailbot then says unknown, it does not guess.

When anything cannot be read the script stops and the earlier file stays; mailbot notices that it grows old.
Nothing is shown but a number of mailboxes.

.PARAMETER Path
The file to write. Beside it, and in the same folder, a file with .new behind its name is used for a while.

.PARAMETER Online
Read Exchange Online. Without it: Exchange on premises.

.PARAMETER IgnoreTrustee
Accounts without a mail address that have access to many mailboxes and are no people, such as
'VOORBEELD\svc-backup'; * stands for anything. Without this, every mailbox that they can open has a trustee that
nobody knows. 'S-1-5-21-*' leaves out accounts that were deleted.

.EXAMPLE
.\export-access.ps1 -Path D:\mailbot\access.csv -IgnoreTrustee 'VOORBEELD\svc-backup'
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory = $true)]
    [string]$Path,

    [switch]$Online,

    [string[]]$IgnoreTrustee = @()
)

$ErrorActionPreference = 'Stop'

$header = 'object_guid;primary_smtp;recipient_type;full_access;send_as;forwarding;hold;quota_bytes;exported_at'
$invariant = [System.Globalization.CultureInfo]::InvariantCulture
$exportedAt = [System.DateTime]::Now.ToString('yyyy-MM-ddTHH:mm:sszzz', $invariant)

$addressOfTrustee = @{}
$quotaOfDatabase = @{}

# Values of a remote session are texts, those of a local one are objects: every comparison is one of texts.

function Test-Grant {
    param(
        $Entry,
        [string]$Trustee
    )
    if ("$($Entry.IsInherited)" -eq 'True') {
        return $false
    }
    if ("$($Entry.Deny)" -eq 'True') {
        return $false
    }
    if ("$($Entry.AccessControlType)" -eq 'Deny') {
        return $false
    }
    if ($Trustee -eq 'NT AUTHORITY\SELF') {
        return $false
    }
    foreach ($pattern in $IgnoreTrustee) {
        if ($Trustee -like $pattern) {
            return $false
        }
    }
    return $true
}

function Get-TrusteeAddress {
    param(
        [string]$Trustee
    )
    if (-not $addressOfTrustee.ContainsKey($Trustee)) {
        $address = '?'
        try {
            $found = @(Get-Recipient -Identity $Trustee -ErrorAction Stop)
            if ($found.Count -eq 1 -and "$($found[0].PrimarySmtpAddress)" -ne '') {
                $address = "$($found[0].PrimarySmtpAddress)"
            }
        }
        catch {
            $address = '?'
        }
        $addressOfTrustee[$Trustee] = $address
    }
    return $addressOfTrustee[$Trustee]
}

function Join-Trustee {
    param(
        [string[]]$Trustee
    )
    $addresses = @($Trustee | Where-Object { $_ } | ForEach-Object { Get-TrusteeAddress -Trustee $_ })
    return $addresses -join ','
}

function Get-FullAccess {
    param(
        $Mailbox
    )
    if ($Online) {
        $id = $Mailbox.ExternalDirectoryObjectId
        $entries = @(Get-EXOMailboxPermission -ExternalDirectoryObjectId $id -ErrorAction Stop)
    }
    else {
        $entries = @(Get-MailboxPermission -Identity $Mailbox.DistinguishedName -ErrorAction Stop)
    }
    foreach ($entry in $entries) {
        $trustee = "$($entry.User)"
        if ("$($entry.AccessRights)" -match 'FullAccess' -and (Test-Grant -Entry $entry -Trustee $trustee)) {
            $trustee
        }
    }
}

function Get-SendAs {
    param(
        $Mailbox
    )
    if ($Online) {
        $id = $Mailbox.ExternalDirectoryObjectId
        $entries = @(Get-EXORecipientPermission -ExternalDirectoryObjectId $id -ErrorAction Stop)
        foreach ($entry in $entries) {
            $trustee = "$($entry.Trustee)"
            if ("$($entry.AccessRights)" -match 'SendAs' -and (Test-Grant -Entry $entry -Trustee $trustee)) {
                $trustee
            }
        }
    }
    else {
        $entries = @(Get-ADPermission -Identity $Mailbox.DistinguishedName -ErrorAction Stop)
        foreach ($entry in $entries) {
            $trustee = "$($entry.User)"
            if ("$($entry.ExtendedRights)" -match 'Send-As' -and (Test-Grant -Entry $entry -Trustee $trustee)) {
                $trustee
            }
        }
    }
}

function ConvertTo-ByteCount {
    param(
        [string]$Quota
    )
    if ($Quota -eq 'Unlimited') {
        return 'unlimited'
    }
    if ($Quota -match '\(([^)]*) bytes\)') {
        return $Matches[1] -replace '[^0-9]', ''
    }
    throw 'a quota that is neither Unlimited nor a number of bytes'
}

function Get-Quota {
    param(
        $Mailbox
    )
    if ($Online -or "$($Mailbox.UseDatabaseQuotaDefaults)" -ne 'True') {
        return ConvertTo-ByteCount -Quota "$($Mailbox.ProhibitSendReceiveQuota)"
    }
    $database = "$($Mailbox.Database)"
    if (-not $quotaOfDatabase.ContainsKey($database)) {
        $found = Get-MailboxDatabase -Identity $database -ErrorAction Stop
        $quotaOfDatabase[$database] = ConvertTo-ByteCount -Quota "$($found.ProhibitSendReceiveQuota)"
    }
    return $quotaOfDatabase[$database]
}

function ConvertTo-Switch {
    param(
        [bool]$Value
    )
    if ($Value) {
        return 'true'
    }
    return 'false'
}

function Test-Forwarding {
    param(
        $Mailbox
    )
    return "$($Mailbox.ForwardingAddress)" -ne '' -or "$($Mailbox.ForwardingSmtpAddress)" -ne ''
}

function Test-Hold {
    param(
        $Mailbox
    )
    # A hold with a minus before its name is one that this mailbox is left out of.
    $holds = @($Mailbox.InPlaceHolds | Where-Object { $_ -and "$_" -notlike '-*' })
    $litigation = "$($Mailbox.LitigationHoldEnabled)" -eq 'True'
    $label = "$($Mailbox.ComplianceTagHoldApplied)" -eq 'True'
    return $litigation -or $label -or $holds.Count -gt 0
}

function Get-ObjectGuid {
    param(
        $Mailbox
    )
    # The objectGUID of Active Directory on premises, the object id of Entra online: what the directory has.
    if ($Online) {
        return "$($Mailbox.ExternalDirectoryObjectId)"
    }
    return "$($Mailbox.Guid)"
}

$kinds = @('UserMailbox', 'SharedMailbox', 'RoomMailbox', 'EquipmentMailbox')
if ($Online) {
    $more = @(
        'ComplianceTagHoldApplied'
        'ForwardingAddress'
        'ForwardingSmtpAddress'
        'InPlaceHolds'
        'LitigationHoldEnabled'
        'ProhibitSendReceiveQuota'
    )
    $all = Get-EXOMailbox -RecipientTypeDetails $kinds -Properties $more -ResultSize Unlimited -ErrorAction Stop
}
else {
    $kinds += 'LinkedMailbox'
    $all = Get-Mailbox -ResultSize Unlimited -RecipientTypeDetails $kinds -ErrorAction Stop
}
$mailboxes = @($all)
if ($mailboxes.Count -eq 0) {
    throw 'no mailbox can be seen: is the session open, and does the account have its role?'
}

$rows = foreach ($mailbox in $mailboxes) {
    [pscustomobject]@{
        object_guid    = Get-ObjectGuid -Mailbox $mailbox
        primary_smtp   = "$($mailbox.PrimarySmtpAddress)"
        recipient_type = "$($mailbox.RecipientTypeDetails)"
        full_access    = Join-Trustee -Trustee @(Get-FullAccess -Mailbox $mailbox)
        send_as        = Join-Trustee -Trustee @(Get-SendAs -Mailbox $mailbox)
        forwarding     = ConvertTo-Switch -Value (Test-Forwarding -Mailbox $mailbox)
        hold           = ConvertTo-Switch -Value (Test-Hold -Mailbox $mailbox)
        quota_bytes    = Get-Quota -Mailbox $mailbox
        exported_at    = $exportedAt
    }
}

# A file in the same folder, then one move: mailbot never sees half a file.
$fresh = "$Path.new"
$rows |
    Select-Object -Property ($header -split ';') |
    Export-Csv -LiteralPath $fresh -Delimiter ';' -Encoding UTF8 -NoTypeInformation
Move-Item -LiteralPath $fresh -Destination $Path -Force

Write-Output "$($mailboxes.Count) mailboxes written"
