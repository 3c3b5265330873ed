package crf

import (
	"leadrelay/internal/lead"
	"leadrelay/internal/schema"
)

// payload is the document's "Lead Schema" (seed 001). What it marks `option` may be null or absent without a word;
// of the rest only id is required, the others are `expected`. Ranges: fraudScore from "Fraud Score",
// latitude and longitude from the globe.
type payload struct {
	ID              *string      `json:"id" validate:"required,uuid"`
	SubmissionID    *string      `json:"submissionId" validate:"expected,omitnil,uuid"`
	DuplicateID     *string      `json:"duplicateId" validate:"expected"`
	DateCreated     *string      `json:"dateCreated" validate:"expected,omitnil,datetimeoffset"`
	Status          *string      `json:"status" validate:"expected,omitnil,lookup=leadStatus"`
	State           *string      `json:"state" validate:"expected,omitnil,lookup=state"`
	RequestedAmount lead.Decimal `json:"requestedAmount" validate:"expected"`

	UseOfProceeds     *string      `json:"useOfProceeds" validate:"omitnil,lookup=useOfProceeds"`
	FinanceNeededBy   *string      `json:"financeNeededBy" validate:"omitnil,lookup=financeNeededBy"`
	HasBusinessPlan   *bool        `json:"hasBusinessPlan"`
	CollateralTypes   []*string    `json:"collateralTypes" validate:"omitempty,dive,omitnil,lookup=collateralType"`
	OwnershipTypes    []*string    `json:"ownershipDemographicTypes" validate:"omitempty,dive,omitnil,lookup=ownershipDemographic"`
	NameOfBusiness    *string      `json:"nameOfBusiness"`
	BusinessAddress   *address     `json:"businessAddress"`
	YearsInBusiness   *string      `json:"yearsInBusiness" validate:"omitnil,lookup=yearsInBusiness"`
	NumEmployees      *int64       `json:"numEmployees"`
	Industry          *string      `json:"industry" validate:"omitnil,lookup=industry"`
	BusinessType      *string      `json:"businessType" validate:"omitnil,lookup=businessType"`
	RevenueLastYear   *string      `json:"revenueLastYear" validate:"omitnil,lookup=revenue"`
	RevenueProjected  *string      `json:"revenueProjected" validate:"omitnil,lookup=revenue"`
	NetProfit         lead.Decimal `json:"netProfit"`
	FirstName         *string      `json:"firstName"`
	LastName          *string      `json:"lastName"`
	Email             *string      `json:"email"`
	Phone             *string      `json:"phone"`
	FicoScore         *string      `json:"ficoScore" validate:"omitnil,lookup=ficoScore"`
	PriorBankruptcies *string      `json:"priorBankruptcies" validate:"omitnil,lookup=priorBankruptcies"`

	Statistics             *statistics `json:"statistics"`
	HowDidYouHear          *string     `json:"howDidYouHear" validate:"omitnil,lookup=howDidYouHear"` // in the sample and the lookups, not in the schema
	PreferredContactTime   *string     `json:"preferredContactTime" validate:"omitnil,lookup=contactTime"`
	PreferredContactMethod *string     `json:"preferredContactMethod" validate:"omitnil,lookup=contactMethod"`
	Funded                 *funded     `json:"funded"`
	WillReceiveAssistance  *bool       `json:"willReceiveTechnicalAssistance"`
	AssistanceOptions      []*string   `json:"technicalAssistanceOptions" validate:"omitempty,dive,omitnil,lookup=technicalAssistance"`
	DisqualifiedReason     *string     `json:"disqualifiedReason" validate:"omitnil,lookup=disqualifiedReason"`
	WithdrawnReason        *string     `json:"withdrawnReason" validate:"omitnil,lookup=withdrawnReason"`
	OtherReasonText        *string     `json:"otherReasonText"`

	LeadSource     *party       `json:"leadSource" validate:"expected"`
	ServicePartner *party       `json:"servicePartner" validate:"expected"`
	LeadOwner      *string      `json:"leadOwner"`
	MatchedProduct *product     `json:"matchedProduct"`
	ProductSet     *productSet  `json:"productSet"`
	FraudScore     lead.Decimal `json:"fraudScore" validate:"omitempty,gte=0,lte=1"`
	IPAddress      *string      `json:"ipAddress"`

	Extra schema.Extra `json:",embed" validate:"extra"`
}

type address struct {
	Line1  *string      `json:"line1"`
	Line2  *string      `json:"line2"`
	City   *string      `json:"city"`
	State  *string      `json:"state"`
	Zip    *string      `json:"zip"`
	County *string      `json:"county"`
	Extra  schema.Extra `json:",embed" validate:"extra"`
}

type statistics struct {
	CensusTract          *string      `json:"censusTract"`
	Latitude             lead.Decimal `json:"latitude" validate:"omitempty,gte=-90,lte=90"`
	Longitude            lead.Decimal `json:"longitude" validate:"omitempty,gte=-180,lte=180"`
	CRAEligibleTract     *bool        `json:"craEligibleTract" validate:"expected"`
	IsCDFIInvestmentArea *bool        `json:"isCDFIInvestmentArea"`
	Extra                schema.Extra `json:",embed" validate:"extra"`
}

type funded struct {
	Amount             lead.Decimal `json:"fundedAmount"`
	InterestRate       lead.Decimal `json:"fundedInterestRate"`
	APR                lead.Decimal `json:"fundedAPR"`
	TermMonths         lead.Decimal `json:"fundedTermMonths"`
	AmortizationMonths lead.Decimal `json:"fundedAmortizationMonths"`
	Date               *string      `json:"fundedDate" validate:"omitnil,datetimeoffset"`
	Extra              schema.Extra `json:",embed" validate:"extra"`
}

// party is a lead source or a service partner.
type party struct {
	ID    *string      `json:"id" validate:"omitnil,uuid"`
	Name  *string      `json:"name"`
	Route *string      `json:"route"`
	Extra schema.Extra `json:",embed" validate:"extra"`
}

type product struct {
	ID               *string      `json:"id" validate:"omitnil,uuid"`
	Name             *string      `json:"name"`
	Tags             []*string    `json:"tags"`
	Kind             *string      `json:"kind"`
	TermRange        *termRange   `json:"termRange"`
	APRRange         *aprRange    `json:"aprRange"`
	LoanType         *string      `json:"loanType"`
	CollateralType   *string      `json:"collateralType"`
	PaymentFrequency *string      `json:"paymentFrequency"`
	Extra            schema.Extra `json:",embed" validate:"extra"`
}

type termRange struct {
	Min   *int64       `json:"min" validate:"expected"`
	Max   *int64       `json:"max"`
	Type  *string      `json:"type" validate:"expected"`
	Extra schema.Extra `json:",embed" validate:"extra"`
}

type aprRange struct {
	Min   lead.Decimal `json:"min" validate:"expected"`
	Max   lead.Decimal `json:"max"`
	Type  *string      `json:"type" validate:"expected"`
	Extra schema.Extra `json:",embed" validate:"extra"`
}

type productSet struct {
	ID    *string      `json:"id" validate:"expected,omitnil,uuid"`
	Name  *string      `json:"name" validate:"expected"`
	Extra schema.Extra `json:",embed" validate:"extra"`
}
